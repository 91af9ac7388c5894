#include "text/jinja/token_stream.h"

namespace candor::jinja {
namespace {

std::string describe(const Token& token) {
  switch (token.kind) {
    case TokenKind::data:
      return "text";
    case TokenKind::variable_begin:
      return "\"{{\"";
    case TokenKind::variable_end:
      return "\"}}\"";
    case TokenKind::block_begin:
      return "\"{%\"";
    case TokenKind::block_end:
      return "\"%}\"";
    case TokenKind::text:
      return "a string";
    case TokenKind::end:
      return "the end of the template";
    default:
      return "\"" + token.text + "\"";
  }
}

}  // namespace

void TokenStream::unexpected(std::string_view expected) const {
  refuse(line(), "unexpected " + describe(peek()) + ", expected " + std::string(expected));
}

void TokenStream::expect_symbol(std::string_view symbol) {
  if (!skip_symbol(symbol)) unexpected("\"" + std::string(symbol) + "\"");
}

void TokenStream::expect_name(std::string_view name) {
  if (!skip_name(name)) unexpected("\"" + std::string(name) + "\"");
}

void TokenStream::expect(TokenKind kind) {
  if (!at_kind(kind)) unexpected(describe({kind, 0, {}}));
  take();
}

std::string TokenStream::take_name(std::string_view what) {
  if (!at_kind(TokenKind::name)) unexpected(what);
  return take().text;
}

}  // namespace candor::jinja
