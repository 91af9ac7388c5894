#include "text/tokenizer_json_reader.h"

#include "candor/error.h"
#include "text/tokenizer_impl.h"
#include "text/utf8.h"

namespace candor::text {
namespace {

using nlohmann::json;
using Event = json::parse_event_t;

constexpr int kMaxDepth = 64;

/// Takes model.vocab's members and model.merges' elements out of the stream of parse events.
class Collector {
 public:
  Collector(TokenizerJson& out, const std::string& file) : out_(out), file_(file) {}

  /// Whether the parser keeps the element. depth: 1 inside the document, 2 inside model, 3 inside vocab and merges.
  bool on_event(int depth, Event event, json& parsed) {
    if (depth > kMaxDepth) throw FormatError(file_ + ": nested deeper than " + std::to_string(kMaxDepth) + " levels");
    if (event == Event::key) {
      if (depth <= 3) keys_[depth] = parsed.get_ref<const std::string&>();
      return true;
    }
    if (depth != 3 || keys_[1] != "model" || event == Event::object_start || event == Event::array_start) return true;
    if (keys_[2] == "vocab") return take_token(parsed);
    if (keys_[2] == "merges") return take_merge(parsed);
    return true;
  }

 private:
  bool take_token(const json& id) {
    if (!id.is_number_integer()) fail("model.vocab: the id of \"" + keys_[3] + "\" is not an integer");
    out_.vocabulary.emplace_back(keys_[3], id.get<std::int64_t>());
    check_count(out_.vocabulary.size(), "model.vocab");
    return false;
  }

  bool take_merge(const json& merge) {
    if (merge.is_string()) {
      out_.merges.push_back(merge.get_ref<const std::string&>());
    } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
      out_.merges.push_back(merge[0].get_ref<const std::string&>() + " " + merge[1].get_ref<const std::string&>());
    } else {
      fail("model.merges: merge " + std::to_string(out_.merges.size()) +
           " is neither \"left right\" nor [left, right]");
    }
    check_count(out_.merges.size(), "model.merges");
    return false;
  }

  void check_count(std::size_t count, std::string_view what) const {
    if (count > kMaxVocabulary) fail(std::string(what) + ": more than " + std::to_string(kMaxVocabulary) + " entries");
  }

  [[noreturn]] void fail(const std::string& what) const { throw FormatError(file_ + ": " + what); }

  TokenizerJson& out_;
  const std::string& file_;
  std::string keys_[4];
};

}  // namespace

TokenizerJson read_tokenizer_json(std::string_view text, const std::string& file) {
  // nlohmann takes a NUL byte for the end of its input: what follows one would be hidden from every check.
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos)
    throw FormatError(file + ": not valid JSON: a NUL byte at byte " + std::to_string(nul));
  TokenizerJson out;
  Collector collector(out, file);
  try {
    out.rest = json::parse(text.begin(), text.end(), [&collector](int depth, Event event, json& parsed) {
      return collector.on_event(depth, event, parsed);
    });
  } catch (const json::parse_error& error) {
    throw FormatError(file + ": not valid JSON at byte " + std::to_string(error.byte) + " of " +
                      std::to_string(text.size()));
  } catch (const json::exception&) {
    throw FormatError(file + ": a number in it is out of range");
  }
  if (!out.rest.is_object()) throw FormatError(file + ": is not a JSON object");
  return out;
}

}  // namespace candor::text
