#include "text/split_regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>

#include "candor/error.h"
#include "text/utf8.h"

namespace candor::text {
namespace {

constexpr std::size_t kMaxPatternBytes = 16384;
constexpr std::uint32_t kStepsPerPosition = 4000;  // free at every position at which a match may start
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

/// Finds one match after the other in one text.
class SplitRegex::Search {
 public:
  Search(const Compiled& compiled, std::string_view text, StepBudget& budget)
      : compiled_(compiled),
        text_(text),
        budget_(budget),
        data_(pcre2_match_data_create_from_pattern(compiled.code, nullptr)),
        context_(pcre2_match_context_create(nullptr)) {
    if (!data_ || !context_) throw OutOfMemory(compiled_.where + ": no memory to match the expression");
    pcre2_set_heap_limit(context_.get(), kMaxHeapKibibytes);
  }

  /// The first match that starts at `start` or later. The limit holds for each start, so a search that no position
  /// exceeds is linear. Otherwise positions are tried one at a time up to and with the costly one.
  bool next(std::size_t start) {
    while (start <= text_.size()) {
      const int found = run(start, 0, kStepsPerPosition);
      if (found != PCRE2_ERROR_MATCHLIMIT) return matched(found);
      for (bool costly = false; !costly && start <= text_.size(); start = after(start))
        if (matched(run_costly(start, costly))) return true;
    }
    return false;
  }

  Span span() const {
    const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(data_.get());
    return {static_cast<std::uint32_t>(bounds[0]), static_cast<std::uint32_t>(bounds[1])};
  }

  /// The position one character on.
  std::size_t after(std::size_t position) const {
    return position + (position < text_.size() ? decode_utf8(text_, position).length : 1);
  }

 private:
  int run(std::size_t start, std::uint32_t options, std::uint64_t steps) {
    pcre2_set_match_limit(context_.get(), static_cast<std::uint32_t>(steps));
    return pcre2_match(compiled_.code, reinterpret_cast<PCRE2_SPTR>(text_.data()), text_.size(), start,
                       options | PCRE2_NO_UTF_CHECK, data_.get(), context_.get());
  }

  /// A match exactly at `start`, with as many steps as it takes.
  int run_costly(std::size_t start, bool& costly) {
    std::uint64_t steps = kStepsPerPosition;
    int found = run(start, PCRE2_ANCHORED, steps);
    costly = found == PCRE2_ERROR_MATCHLIMIT;
    while (found == PCRE2_ERROR_MATCHLIMIT && budget_.left > 0) {
      steps = std::min(steps * 4, budget_.left);
      budget_.left -= steps;
      found = run(start, PCRE2_ANCHORED, steps);
    }
    return found;
  }

  bool matched(int found) const {
    if (found == PCRE2_ERROR_NOMATCH) return false;
    if (found < 0)
      throw ValueError(compiled_.where + ": the expression gave up on this text of " + std::to_string(text_.size()) +
                       " bytes: " + describe_error(found) + "; encode it in shorter pieces");
    return true;
  }

  const Compiled& compiled_;
  std::string_view text_;
  StepBudget& budget_;
  std::unique_ptr<pcre2_match_data, FreeMatch> data_;
  std::unique_ptr<pcre2_match_context, FreeMatch> context_;
};

void SplitRegex::match(std::string_view text, std::vector<Segment>& out, StepBudget& budget) const {
  Search search(*compiled_, text, budget);
  std::uint32_t covered = 0;
  for (std::size_t start = 0; search.next(start);) {
    const Span span = search.span();
    if (span.begin > covered) out.push_back({{covered, span.begin}, false});
    out.push_back({span, true});
    covered = span.end;
    start = span.end > span.begin ? span.end : search.after(span.end);
  }
  if (covered < text.size()) out.push_back({{covered, static_cast<std::uint32_t>(text.size())}, false});
}

}  // namespace candor::text
