#include "text/jinja/string_literal.h"

#include "text/jinja/lexer.h"
#include "text/utf8.h"

namespace candor::jinja {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

class Unescaping {
 public:
  Unescaping(std::string_view body, int line) : body_(body), line_(line) {}

  std::string run() {
    while (at_ < body_.size()) {
      if (body_[at_] == '\\' && at_ + 1 < body_.size()) {
        escape(body_[at_ + 1]);
      } else {
        out_ += body_[at_++];
      }
    }
    return std::move(out_);
  }

 private:
  void escape(char letter) {
    constexpr std::string_view kLetters = "\\'\"abfnrtv", kValues = "\\'\"\a\b\f\n\r\t\v";
    if (const std::size_t simple = kLetters.find(letter); simple != std::string_view::npos) {
      out_ += kValues[simple];
      at_ += 2;
    } else if (letter == '\n') {
      at_ += 2;  // a line that goes on
    } else if (letter == 'x' || letter == 'u' || letter == 'U') {
      hexadecimal(letter, letter == 'x' ? 2 : letter == 'u' ? 4 : 8);
    } else if (letter >= '0' && letter <= '7') {
      octal();
    } else if (letter == 'N') {
      refuse(line_, "the escape \\N{…} in a string is not supported");
    } else {
      out_ += '\\';  // an unknown escape stays as it is
      ++at_;
    }
  }

  void hexadecimal(char letter, std::size_t digits) {
    char32_t code = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      const int value = at_ + 2 + i < body_.size() ? hex_value(body_[at_ + 2 + i]) : -1;
      if (value < 0)
        refuse(line_,
               std::string("the escape \\") + letter + " in a string needs " + std::to_string(digits) + " digits");
      code = code << 4 | static_cast<char32_t>(value);
    }
    at_ += 2 + digits;
    append(code);
  }

  void octal() {
    char32_t code = 0;
    ++at_;
    for (int i = 0; i < 3 && at_ < body_.size() && body_[at_] >= '0' && body_[at_] <= '7'; ++i) {
      code = code << 3 | static_cast<char32_t>(body_[at_++] - '0');
    }
    append(code);
  }

  void append(char32_t code) {
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) refuse(line_, "an escape in a string names no character");
    text::append_utf8(out_, code);
  }

  std::string_view body_;
  int line_;
  std::size_t at_ = 0;
  std::string out_;
};

}  // namespace

std::string unescape_literal(std::string_view body, int line) { return Unescaping(body, line).run(); }

}  // namespace candor::jinja
