#include "text/jinja/lexer.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "candor/error.h"
#include "text/jinja/string_literal.h"
#include "text/jinja/value_text.h"
#include "text/unicode.h"
#include "text/utf8.h"

namespace candor::jinja {
namespace {

/// Line breaks become \n, and the last one goes.
std::string normalise(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r') {
      out += '\n';
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    } else {
      out += source[i];
    }
  }
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_part(char c) { return is_name_start(c) || is_digit(c); }

class Lexer {
 public:
  explicit Lexer(std::string source) : source_(std::move(source)) {}

  std::vector<Token> run() {
    while (at_ < source_.size()) data();
    add(TokenKind::end, "");
    return std::move(tokens_);
  }

 private:
  bool looking_at(std::string_view text) const { return std::string_view(source_).substr(at_).starts_with(text); }
  char peek(std::size_t ahead) const { return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0'; }

  void advance(std::size_t count) {
    line_ += static_cast<int>(std::count(source_.begin() + static_cast<std::ptrdiff_t>(at_),
                                         source_.begin() + static_cast<std::ptrdiff_t>(at_ + count), '\n'));
    at_ += count;
    line_starting_ = count > 0 && source_[at_ - 1] == '\n';
  }

  void add(TokenKind kind, std::string text) { tokens_.push_back({kind, line_, std::move(text)}); }

  std::size_t skip_space(std::size_t at) const {
    while (at < source_.size()) {
      const text::DecodedCharacter c = text::decode_utf8(source_, at);
      if (!is_python_space(c.code)) break;
      at += c.length;
    }
    return at;
  }

  /// Text up to the next tag, then the tag.
  void data() {
    const std::size_t begin = find_tag(at_);
    if (begin == source_.size()) {
      add(TokenKind::data, source_.substr(at_));
      return advance(source_.size() - at_);
    }
    const char sign = begin + 2 < source_.size() ? source_[begin + 2] : '\0';
    emit_data(std::string_view(source_).substr(at_, begin - at_), sign, source_[begin + 1] != '{');
    advance(begin - at_);
    if (source_[begin + 1] == '#') return comment();
    if (source_[begin + 1] == '%' && raw()) return;
    add(source_[begin + 1] == '%' ? TokenKind::block_begin : TokenKind::variable_begin, "");
    advance(sign == '-' || sign == '+' ? 3 : 2);
    expression(source_[begin + 1] == '%');
  }

  std::size_t find_tag(std::size_t at) const {
    for (at = source_.find('{', at); at != std::string::npos; at = source_.find('{', at + 1)) {
      const char next = at + 1 < source_.size() ? source_[at + 1] : '\0';
      if (next == '{' || next == '%' || next == '#') return at;
    }
    return source_.size();
  }

  /// "-" takes all white space before a tag; a block or comment takes the blanks of its line before it, unless "+".
  void emit_data(std::string_view text, char sign, bool strips_line) {
    if (sign == '-') {
      text = strip(text, std::nullopt, false, true);
    } else if (sign != '+' && strips_line) {
      const std::size_t newline = text.rfind('\n');
      const std::size_t start = newline == std::string_view::npos ? 0 : newline + 1;
      const bool at_line_start = start > 0 || line_starting_;
      if (at_line_start && strip(text.substr(start), std::nullopt, true, false).empty()) text = text.substr(0, start);
    }
    if (!text.empty()) add(TokenKind::data, std::string(text));
  }

  /// The length of "-%}" with the space after it, "+%}", or "%}" with one newline after it; 0: none is here.
  std::size_t tag_end(std::string_view close, bool trims_newline) const {
    if (looking_at("-" + std::string(close))) return skip_space(at_ + 1 + close.size()) - at_;
    if (trims_newline && looking_at("+" + std::string(close))) return 1 + close.size();
    if (!looking_at(close)) return 0;
    return close.size() + (trims_newline && peek(close.size()) == '\n' ? 1 : 0);
  }

  void comment() {
    const int line = line_;
    advance(peek(2) == '-' || peek(2) == '+' ? 3 : 2);
    while (at_ < source_.size()) {
      if (const std::size_t length = tag_end("#}", true)) return advance(length);
      advance(1);
    }
    refuse(line, "a comment {# lacks its end #}");
  }

  /// {% raw %} … {% endraw %}: true when there was one.
  bool raw() {
    std::size_t at = at_ + 2;
    if (at < source_.size() && (source_[at] == '-' || source_[at] == '+')) ++at;
    at = skip_space(at);
    if (!std::string_view(source_).substr(at).starts_with("raw")) return false;
    at = skip_space(at + 3);
    const std::string_view rest = std::string_view(source_).substr(at);
    if (!rest.starts_with("%}") && !rest.starts_with("-%}")) return false;
    const int line = line_;
    advance(rest[0] == '-' ? skip_space(at + 3) - at_ : at + 2 - at_);
    for (std::size_t begin = at_; (begin = source_.find("{%", begin)) != std::string::npos; begin += 2) {
      const char sign = begin + 2 < source_.size() ? source_[begin + 2] : '\0';
      std::size_t end = skip_space(begin + (sign == '-' || sign == '+' ? 3 : 2));
      if (!std::string_view(source_).substr(end).starts_with("endraw")) continue;
      end = skip_space(end + 6);
      emit_data(std::string_view(source_).substr(at_, begin - at_), sign, true);
      advance(end - at_);
      const std::size_t length = tag_end("%}", true);
      if (length == 0) refuse(line_, "{% endraw lacks its end %}");
      advance(length);
      return true;
    }
    refuse(line, "{% raw %} lacks its {% endraw %}");
  }

  void expression(bool block) {
    std::vector<char> open;  // brackets: inside them "}}" and "%}" end nothing
    const int line = line_;
    while (true) {
      advance(skip_space(at_) - at_);
      if (at_ >= source_.size())
        refuse(line, block ? "a block {% lacks its end %}" : "an expression {{ lacks its end }}");
      const std::size_t end = open.empty() ? (block ? tag_end("%}", true) : tag_end("}}", false)) : 0;
      if (end > 0) {
        add(block ? TokenKind::block_end : TokenKind::variable_end, "");
        return advance(end);
      }
      token(open);
    }
  }

  void token(std::vector<char>& open) {
    const char c = peek(0);
    if (is_name_start(c)) {
      std::size_t length = 1;
      while (is_name_part(peek(length))) ++length;
      add(TokenKind::name, source_.substr(at_, length));
      return advance(length);
    }
    if (is_digit(c)) return number();
    if (c == '\'' || c == '"') return string_literal();
    symbol(open);
  }

  void number() {
    std::size_t length = 0;
    const auto digits = [&] {
      while (is_digit(peek(length)) || (peek(length) == '_' && is_digit(peek(length + 1)))) ++length;
    };
    digits();
    const bool after_dot = at_ > 0 && source_[at_ - 1] == '.';
    bool real = false;
    if (!after_dot && peek(length) == '.' && is_digit(peek(length + 1))) {
      real = true;
      ++length;
      digits();
    }
    const bool sign = peek(length + 1) == '-' || peek(length + 1) == '+';
    if (!after_dot && (peek(length) | 0x20) == 'e' && is_digit(peek(length + (sign ? 2 : 1)))) {
      real = true;
      length += sign ? 2 : 1;
      digits();
    }
    std::string text = source_.substr(at_, length);
    std::erase(text, '_');
    if (is_name_part(peek(length)) ||
        (text.size() > 1 && text[0] == '0' && !real && text.find_first_not_of('0') != text.npos)) {
      refuse(line_, "\"" + source_.substr(at_, length + 1) + "\" is no number; decimal ones are supported");
    }
    add(real ? TokenKind::real : TokenKind::integer, text);
    const char* end = text.data() + text.size();
    const std::errc error = real ? std::from_chars(text.data(), end, tokens_.back().real).ec
                                 : std::from_chars(text.data(), end, tokens_.back().integer).ec;
    if (error != std::errc()) refuse(line_, "the number " + text + " is out of range");
    advance(length);
  }

  void string_literal() {
    const char quote = peek(0);
    std::size_t length = 1;
    while (peek(length) != quote) {
      length += peek(length) == '\\' ? 2 : 1;
      if (at_ + length >= source_.size()) refuse(line_, "a string lacks its closing quote");
    }
    add(TokenKind::text, unescape_literal(std::string_view(source_).substr(at_ + 1, length - 1), line_));
    advance(length + 1);
  }

  void symbol(std::vector<char>& open) {
    constexpr std::string_view kSymbols[] = {"//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[",
                                             "]",  "(",  ")",  "{",  "}",  ">",  "<", "=", ".", ":", "|", ",", ";"};
    for (const std::string_view symbol : kSymbols) {
      if (!looking_at(symbol)) continue;
      balance(symbol[0], open);
      add(TokenKind::symbol, std::string(symbol));
      return advance(symbol.size());
    }
    const std::size_t length = text::decode_utf8(source_, at_).length;
    refuse(line_, "unexpected character \"" + source_.substr(at_, length) + "\"");
  }

  void balance(char c, std::vector<char>& open) const {
    if (c == '(' || c == '[' || c == '{') open.push_back(c == '(' ? ')' : c == '[' ? ']' : '}');
    if (c != ')' && c != ']' && c != '}') return;
    if (open.empty() || open.back() != c) {
      refuse(line_, std::string("unexpected \"") + c + "\"" +
                        (open.empty() ? "" : std::string(", expected \"") + open.back() + "\""));
    }
    open.pop_back();
  }

  std::string source_;
  std::size_t at_ = 0;
  int line_ = 1;
  bool line_starting_ = true;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view source) {
  constexpr std::size_t kMaxSourceBytes = std::size_t{1} << 20;
  if (source.size() > kMaxSourceBytes) {
    throw FormatError("template: has " + std::to_string(source.size()) + " bytes, at most " +
                      std::to_string(kMaxSourceBytes) + " are read");
  }
  const std::size_t malformed = text::find_malformed_utf8(source);
  if (malformed != std::string_view::npos) {
    throw FormatError("template: is not UTF-8, the byte at offset " + std::to_string(malformed) +
                      " starts no character");
  }
  return Lexer(normalise(source)).run();
}

void refuse(int line, const std::string& what) {
  throw FormatError("template, line " + std::to_string(line) + ": " + what);
}

}  // namespace candor::jinja
