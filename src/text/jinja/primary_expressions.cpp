// Parses primary expressions: literals, names, calls of functions and macros, tuples, lists and dicts.
#include "text/jinja/expression_height.h"
#include "text/jinja/expression_parser.h"

namespace candor::jinja {

ExpressionPointer ExpressionParser::parse_primary() {
  const Token& next = tokens_.peek();
  const int line = next.line;
  if (next.kind == TokenKind::name) return parse_name(tokens_.take());
  if (next.kind == TokenKind::integer) return make_expression(line, LiteralExpression{tokens_.take().integer});
  if (next.kind == TokenKind::real) return make_expression(line, LiteralExpression{tokens_.take().real});
  if (next.kind == TokenKind::text) {
    std::string text;
    while (tokens_.at_kind(TokenKind::text)) text += tokens_.take().text;  // neighbours are joined
    return make_expression(line, LiteralExpression{std::move(text)});
  }
  if (tokens_.at_symbol("(")) return parse_parentheses();
  if (tokens_.at_symbol("[")) return parse_list();
  if (tokens_.at_symbol("{")) return parse_dict();
  tokens_.unexpected("an expression");
}

ExpressionPointer ExpressionParser::parse_parentheses() {
  const int line = tokens_.take().line;
  if (tokens_.skip_symbol(")")) return make_expression(line, ListExpression{{}, true});
  ExpressionPointer inner = parse_tuple();
  tokens_.expect_symbol(")");
  return inner;
}

ExpressionPointer ExpressionParser::parse_list() {
  const int line = tokens_.take().line;
  std::vector<ExpressionPointer> items;
  while (!tokens_.at_symbol("]")) {
    if (!items.empty()) tokens_.expect_symbol(",");
    if (tokens_.at_symbol("]")) break;
    items.push_back(parse());
  }
  tokens_.expect_symbol("]");
  return make_expression(line, ListExpression{std::move(items), false});
}

ExpressionPointer ExpressionParser::parse_dict() {
  const int line = tokens_.take().line;
  std::vector<std::pair<ExpressionPointer, ExpressionPointer>> items;
  while (!tokens_.at_symbol("}")) {
    if (!items.empty()) tokens_.expect_symbol(",");
    if (tokens_.at_symbol("}")) break;
    ExpressionPointer key = parse();
    tokens_.expect_symbol(":");
    items.emplace_back(std::move(key), parse());
  }
  tokens_.expect_symbol("}");
  return make_expression(line, DictExpression{std::move(items)});
}

ExpressionPointer ExpressionParser::parse_name(Token name) {
  const std::string& text = name.text;
  if (text == "true" || text == "True") return make_expression(name.line, LiteralExpression{true});
  if (text == "false" || text == "False") return make_expression(name.line, LiteralExpression{false});
  if (text == "none" || text == "None") return make_expression(name.line, LiteralExpression{None{}});
  for (const std::string_view special : {"varargs", "kwargs", "caller", "self", "super"}) {
    if (text == special) refuse(name.line, "the name " + text + " is not supported");
  }
  if (!tokens_.at_symbol("(")) return make_expression(name.line, NameExpression{std::move(name.text)});
  if (!is_function(text)) called_.emplace_back(text, name.line);
  std::vector<Argument> arguments = parse_arguments();
  return make_expression(name.line, CallExpression{std::move(name.text), std::move(arguments)});
}

}  // namespace candor::jinja
