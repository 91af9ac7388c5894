#include "text/split_regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "candor/error.h"
#include "text/utf8.h"

namespace candor::text {
namespace {

constexpr std::size_t kMaxPatternBytes = 16384;
constexpr std::uint32_t kMaxSteps = 20'000'000;  // per match: an expression that backtracks without end
constexpr std::uint32_t kMaxHeapKibibytes = 512 * 1024;

std::string describe_error(int code) {
  PCRE2_UCHAR message[256];
  pcre2_get_error_message(code, message, sizeof message);
  return reinterpret_cast<const char*>(message);
}

struct FreeMatch {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};

}  // namespace

struct SplitRegex::Compiled {
  pcre2_code* code = nullptr;
  std::string where;
  ~Compiled() { pcre2_code_free(code); }
};

SplitRegex::SplitRegex(std::string_view pattern, std::string_view where) {
  if (pattern.size() > kMaxPatternBytes) {
    throw FormatError(std::string(where) + ": the expression has " + std::to_string(pattern.size()) +
                      " bytes, at most " + std::to_string(kMaxPatternBytes) + " are accepted");
  }
  const std::string translated = translate_regex(pattern, where);
  auto compiled = std::make_shared<Compiled>();
  compiled->where = where;
  int error = 0;
  PCRE2_SIZE offset = 0;
  compiled->code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
                                 PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE, &error, &offset, nullptr);
  if (compiled->code == nullptr) {
    throw FormatError(std::string(where) + ": the expression does not compile: " + describe_error(error) +
                      "; expression: " + std::string(pattern.substr(0, 200)));
  }
  compiled_ = std::move(compiled);
}

void SplitRegex::match(std::string_view text, std::vector<Segment>& out) const {
  const std::unique_ptr<pcre2_match_data, FreeMatch> data(
      pcre2_match_data_create_from_pattern(compiled_->code, nullptr));
  const std::unique_ptr<pcre2_match_context, FreeMatch> context(pcre2_match_context_create(nullptr));
  if (!data || !context) throw OutOfMemory(compiled_->where + ": no memory to match the expression");
  pcre2_set_match_limit(context.get(), kMaxSteps);
  pcre2_set_heap_limit(context.get(), kMaxHeapKibibytes);
  std::size_t start = 0, covered = 0;
  while (start <= text.size()) {
    const int found = pcre2_match(compiled_->code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), start,
                                  PCRE2_NO_UTF_CHECK, data.get(), context.get());
    if (found == PCRE2_ERROR_NOMATCH) break;
    if (found < 0)
      throw ValueError(compiled_->where + ": the expression gave up on this text: " + describe_error(found));
    const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(data.get());
    const auto begin = static_cast<std::uint32_t>(bounds[0]), end = static_cast<std::uint32_t>(bounds[1]);
    if (begin > covered) out.push_back({{static_cast<std::uint32_t>(covered), begin}, false});
    out.push_back({{begin, end}, true});
    covered = end;
    start = end > begin ? end : end + (end < text.size() ? decode_utf8(text, end).length : 1);
  }
  if (covered < text.size())
    out.push_back({{static_cast<std::uint32_t>(covered), static_cast<std::uint32_t>(text.size())}, false});
}

}  // namespace candor::text
