// Cuts a template into tokens, as Jinja does with trim_blocks and lstrip_blocks on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace candor::jinja {

enum class TokenKind {
  data,
  variable_begin,
  variable_end,
  block_begin,
  block_end,
  name,
  text,
  integer,
  real,
  symbol,
  end
};

struct Token {
  TokenKind kind = TokenKind::end;
  int line = 1;
  std::string text;  // of names, symbols, data and string literals (escapes resolved)
  std::int64_t integer = 0;
  double real = 0;
};

/// errors   FormatError "template, line N: …"
std::vector<Token> tokenize(std::string_view source);

/// Throws FormatError "template, line N: …": the template cannot be read.
[[noreturn]] void refuse(int line, const std::string& what);

}  // namespace candor::jinja
