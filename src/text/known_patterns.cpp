#include "text/known_patterns.h"

#include "text/unicode.h"
#include "text/utf8.h"

namespace candor::text {
namespace {

constexpr std::string_view kGpt2 = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr std::string_view kQwen2 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kLlama3 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";

// Kinds of characters; every character has exactly one.
enum Kind : std::uint8_t { kLetter, kNumber, kNewline, kBlank, kOtherSpace, kOther };

Kind kind_of(char32_t code) {
  if (code == ' ') return kBlank;
  if (code == '\n' || code == '\r') return kNewline;
  if (is_letter(code)) return kLetter;
  if (is_number(code)) return kNumber;
  return is_white_space(code) ? kOtherSpace : kOther;
}

bool is_space(Kind kind) { return kind == kNewline || kind == kBlank || kind == kOtherSpace; }

/// One pass over the text; positions are character indices.
class Matcher {
 public:
  explicit Matcher(std::string_view text) : text_(text) {
    kinds_.reserve(text.size());
    offsets_.reserve(text.size() + 1);
    for (std::uint32_t position = 0; position < text.size();) {
      const DecodedCharacter character = decode_utf8(text, position);
      kinds_.push_back(kind_of(character.code));
      offsets_.push_back(position);
      position += character.length;
    }
    offsets_.push_back(static_cast<std::uint32_t>(text.size()));
  }

  void run(KnownPattern pattern, std::vector<Segment>& out) {
    for (std::size_t i = 0; i < kinds_.size();) {
      const std::size_t end = pattern == KnownPattern::gpt2 ? match_gpt2(i) : match_qwen2(i, digits_at_once(pattern));
      out.push_back({{offsets_[i], offsets_[end]}, true});
      i = end;
    }
  }

 private:
  static std::size_t digits_at_once(KnownPattern pattern) { return pattern == KnownPattern::llama3 ? 3 : 1; }

  bool is(std::size_t i, Kind kind) const { return i < kinds_.size() && kinds_[i] == kind; }

  std::size_t run_of(std::size_t i, Kind kind) const {
    while (is(i, kind)) ++i;
    return i;
  }

  std::size_t match_gpt2(std::size_t i) const {
    if (const std::size_t end = contraction(i, false); end != i) return end;
    const std::size_t start = is(i, kBlank) ? i + 1 : i;  // " ?"
    for (const Kind kind : {kLetter, kNumber, kOther}) {
      if (is(start, kind)) return run_of(start, kind);
    }
    return white_space(i, space_run(i));
  }

  std::size_t match_qwen2(std::size_t i, std::size_t digits) const {
    if (const std::size_t end = contraction(i, true); end != i) return end;
    if (kinds_[i] == kLetter) return run_of(i, kLetter);
    if (kinds_[i] != kNewline && kinds_[i] != kNumber && is(i + 1, kLetter)) return run_of(i + 1, kLetter);
    if (kinds_[i] == kNumber) {
      std::size_t end = i + 1;
      while (end < i + digits && is(end, kNumber)) ++end;
      return end;
    }
    const std::size_t start = kinds_[i] == kBlank ? i + 1 : i;
    if (is(start, kOther)) return run_of(run_of(start, kOther), kNewline);
    const std::size_t end = space_run(i);
    for (std::size_t last = end; last > i; --last) {  // \s*[\r\n]+ ends after the last newline of the run
      if (kinds_[last - 1] == kNewline) return last;
    }
    return white_space(i, end);
  }

  std::size_t space_run(std::size_t i) const {
    while (i < kinds_.size() && is_space(kinds_[i])) ++i;
    return i;
  }

  /// \s+(?!\S)|\s+ : all of the run at the end of the text; otherwise its last character is left to what follows.
  std::size_t white_space(std::size_t i, std::size_t end) const {
    return end < kinds_.size() && end - i > 1 ? end - 1 : end;
  }

  /// The end of 's 't 're 've 'm 'll 'd at i; i itself when there is none. Folding case, U+017F is an s.
  std::size_t contraction(std::size_t i, bool fold) const {
    const std::size_t at = offsets_[i];
    if (text_[at] != '\'' || at + 1 == text_.size()) return i;
    const auto letter = [&](std::size_t k) -> char {
      const char c = at + k < text_.size() ? text_[at + k] : '\0';
      return fold && c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    };
    const char first = letter(1), second = letter(2);
    if (first == 's' || first == 't' || first == 'm' || first == 'd') return i + 2;
    if ((first == 'r' || first == 'v') && second == 'e') return i + 3;
    if (first == 'l' && second == 'l') return i + 3;
    if (fold && first == '\xc5' && second == '\xbf') return i + 2;
    return i;
  }

  std::string_view text_;
  std::vector<Kind> kinds_;
  std::vector<std::uint32_t> offsets_;
};

}  // namespace

std::string_view pattern_text(KnownPattern pattern) {
  switch (pattern) {
    case KnownPattern::gpt2:
      return kGpt2;
    case KnownPattern::qwen2:
      return kQwen2;
    case KnownPattern::llama3:
      return kLlama3;
  }
  return {};
}

std::optional<KnownPattern> find_known_pattern(std::string_view regex) {
  for (const KnownPattern pattern : {KnownPattern::gpt2, KnownPattern::qwen2, KnownPattern::llama3}) {
    if (regex == pattern_text(pattern)) return pattern;
  }
  return std::nullopt;
}

void match_known_pattern(KnownPattern pattern, std::string_view text, std::vector<Segment>& out) {
  if (!text.empty()) Matcher(text).run(pattern, out);
}

}  // namespace candor::text
