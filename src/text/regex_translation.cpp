// From Oniguruma's Ruby syntax to PCRE2's, for the subset that means the same in both.
#include <cctype>

#include "candor/error.h"
#include "text/split_regex.h"

namespace candor::text {
namespace {

/// Oniguruma's \w: the standard's, and those of Latin-1 that ISO 8859-1 tables call numeric.
constexpr std::string_view kWord = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\x{b2}\\x{b3}\\x{b9}\\x{bc}-\\x{be}";

class Translation {
 public:
  Translation(std::string_view pattern, std::string_view where) : pattern_(pattern), where_(where) {}

  std::string run() {
    while (at_ < pattern_.size()) {
      const char c = pattern_[at_];
      if (c == '\\') {
        escape(false);
      } else if (c == '[') {
        character_class();
      } else if (c == '(') {
        group();
      } else if (c == '{') {
        counted_repeat();
      } else if (c != '\0') {
        out_.push_back(c);
        ++at_;
      } else {
        refuse("a NUL character");
      }
    }
    return std::move(out_);
  }

 private:
  [[noreturn]] void refuse(const std::string& what) const {
    throw FormatError(std::string(where_) + ": the expression uses " + what + " at offset " + std::to_string(at_) +
                      ", which is not supported; expression: " + std::string(pattern_.substr(0, 200)));
  }

  char peek(std::size_t ahead) const { return at_ + ahead < pattern_.size() ? pattern_[at_ + ahead] : '\0'; }

  void take(std::size_t count) {
    out_.append(pattern_.substr(at_, count));
    at_ += count;
  }

  void replace(std::size_t count, std::string_view text) {
    out_.append(text);
    at_ += count;
  }

  void escape(bool in_class) {
    const char c = peek(1);
    switch (c) {
      case 's':
        return replace(2, "\\p{White_Space}");
      case 'S':
        return replace(2, "\\P{White_Space}");
      case 'w':
        return replace(2, in_class ? std::string(kWord) : "[" + std::string(kWord) + "]");
      case 'W':
        if (in_class) refuse("\\W inside a class");
        return replace(2, "[^" + std::string(kWord) + "]");
      case 'v':
        return replace(2, "\\x{0b}");
      case 'd':
      case 'D':
      case 'r':
      case 'n':
      case 't':
      case 'f':
        return take(2);
      case 'p':
      case 'P':
        return property();
      case 'x':
        return hexadecimal();
      case 'u':
        return unicode_escape();
      default:
        break;
    }
    if (c != '\0' && static_cast<unsigned char>(c) < 0x80 && std::ispunct(static_cast<unsigned char>(c)))
      return take(2);
    refuse(c == '\0' ? "a backslash at its end" : std::string("\\") + c);
  }

  void property() {
    const std::size_t close = pattern_.find('}', at_);
    if (peek(2) != '{' || close == std::string_view::npos) refuse("a property without braces");
    take(close + 1 - at_);
  }

  void hexadecimal() {
    if (peek(2) == '{') {
      const std::size_t close = pattern_.find('}', at_);
      if (close == std::string_view::npos) refuse("\\x{ without its end");
      return take(close + 1 - at_);
    }
    if (!std::isxdigit(static_cast<unsigned char>(peek(2))) || !std::isxdigit(static_cast<unsigned char>(peek(3)))) {
      refuse("\\x without two digits");
    }
    if (peek(2) >= '8') refuse("\\x of a single byte above 7F");
    take(4);
  }

  void unicode_escape() {
    for (std::size_t i = 2; i < 6; ++i) {
      if (!std::isxdigit(static_cast<unsigned char>(peek(i)))) refuse("\\u without four digits");
    }
    const std::string digits(pattern_.substr(at_ + 2, 4));
    replace(6, "\\x{" + digits + "}");
  }

  void character_class() {
    take(1);
    if (peek(0) == '^') take(1);
    if (peek(0) == ']') refuse("] as the first member of a class");
    while (at_ < pattern_.size() && peek(0) != ']') {
      if (peek(0) == '[') refuse("a class within a class");
      if (peek(0) == '&' && peek(1) == '&') refuse("a class intersection");
      if (peek(0) == '\\') {
        escape(true);
      } else {
        take(1);
      }
    }
    if (at_ >= pattern_.size()) refuse("a class without its end");
    take(1);
  }

  void group() {
    if (peek(1) != '?') return take(1);
    for (const std::string_view known : {"(?:", "(?i:", "(?-i:", "(?i)", "(?=", "(?!", "(?<=", "(?<!", "(?>"}) {
      if (pattern_.substr(at_).starts_with(known)) return take(known.size());
    }
    refuse("the group " + std::string(pattern_.substr(at_, 4)));
  }

  void counted_repeat() {
    const std::size_t close = pattern_.find('}', at_);
    if (close == std::string_view::npos) refuse("{ that is no repeat count; write \\{");
    const std::string_view count = pattern_.substr(at_ + 1, close - at_ - 1);
    const bool digits_and_comma =
        !count.empty() && count.front() != ',' && count.find_first_not_of("0123456789,") == std::string_view::npos;
    if (!digits_and_comma) refuse("{ that is no repeat count; write \\{");
    take(close + 1 - at_);
    if (peek(0) == '+' || (peek(0) == '?' && count.find(',') == std::string_view::npos)) {
      refuse("a repeat count followed by + or ?, on which engines differ");
    }
  }

  std::string_view pattern_, where_;
  std::size_t at_ = 0;
  std::string out_;
};

}  // namespace

std::string translate_regex(std::string_view pattern, std::string_view where) {
  return Translation(pattern, where).run();
}

}  // namespace candor::text
