// Tokens, read one after the other.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/jinja/lexer.h"

namespace candor::jinja {

class TokenStream {
 public:
  explicit TokenStream(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  const Token& peek(std::size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
  Token take() { return at_ + 1 < tokens_.size() ? std::move(tokens_[at_++]) : tokens_.back(); }
  int line() const { return peek().line; }
  bool at_symbol(std::string_view symbol, std::size_t ahead = 0) const { return at(TokenKind::symbol, symbol, ahead); }
  bool at_name(std::string_view name, std::size_t ahead = 0) const { return at(TokenKind::name, name, ahead); }
  bool at_kind(TokenKind kind) const { return peek().kind == kind; }

  bool skip_symbol(std::string_view symbol) { return skip(at_symbol(symbol)); }
  bool skip_name(std::string_view name) { return skip(at_name(name)); }
  void expect_symbol(std::string_view symbol);
  void expect_name(std::string_view name);
  void expect(TokenKind kind);
  std::string take_name(std::string_view what);
  [[noreturn]] void unexpected(std::string_view expected) const;

 private:
  bool at(TokenKind kind, std::string_view text, std::size_t ahead) const {
    return peek(ahead).kind == kind && peek(ahead).text == text;
  }
  bool skip(bool here) {
    if (here) take();
    return here;
  }

  std::vector<Token> tokens_;  // the last one is `end`
  std::size_t at_ = 0;
};

}  // namespace candor::jinja
