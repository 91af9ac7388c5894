// Parses what may follow a primary expression: members, subscripts, slices, arguments, filters and tests.
#include "text/jinja/expression_height.h"
#include "text/jinja/expression_parser.h"

namespace candor::jinja {

ExpressionPointer ExpressionParser::parse_postfix(ExpressionPointer object) {
  while (true) {
    if (tokens_.at_symbol(".")) {
      object = parse_member(std::move(object));
    } else if (tokens_.at_symbol("[")) {
      object = parse_subscript(std::move(object));
    } else if (tokens_.at_symbol("(")) {
      refuse(tokens_.line(), "a call of something other than a function, a macro or a method is not supported");
    } else {
      return object;
    }
  }
}

ExpressionPointer ExpressionParser::parse_member(ExpressionPointer object) {
  const int line = tokens_.take().line;
  if (tokens_.at_kind(TokenKind::integer)) {
    ExpressionPointer index = make_expression(line, LiteralExpression{tokens_.take().integer});
    return make_expression(line, SubscriptExpression{std::move(object), std::move(index)});
  }
  std::string name = tokens_.take_name("a name or a number after \".\"");
  if (!tokens_.at_symbol("(")) return make_expression(line, AttributeExpression{std::move(object), std::move(name)});
  if (!is_method(name)) refuse(line, "the method ." + name + "() is not supported");
  std::vector<Argument> arguments = parse_arguments();
  return make_expression(line, MethodExpression{std::move(object), std::move(name), std::move(arguments)});
}

ExpressionPointer ExpressionParser::parse_optional_bound() {
  if (tokens_.at_symbol(":") || tokens_.at_symbol("]") || tokens_.at_symbol(",")) return nullptr;
  return parse();
}

ExpressionPointer ExpressionParser::parse_subscript(ExpressionPointer object) {
  const int line = tokens_.take().line;
  ExpressionPointer start = parse_optional_bound();
  if (!tokens_.at_symbol(":")) {
    if (tokens_.at_symbol(",")) refuse(line, "a subscript with several parts is not supported");
    if (start == nullptr) tokens_.unexpected("an expression");
    tokens_.expect_symbol("]");
    return make_expression(line, SubscriptExpression{std::move(object), std::move(start)});
  }
  tokens_.take();
  ExpressionPointer stop = parse_optional_bound(), step;
  if (tokens_.skip_symbol(":")) step = parse_optional_bound();
  tokens_.expect_symbol("]");
  return make_expression(line, SliceExpression{std::move(object), std::move(start), std::move(stop), std::move(step)});
}

std::vector<Argument> ExpressionParser::parse_arguments() {
  std::vector<Argument> out;
  tokens_.expect_symbol("(");
  while (!tokens_.at_symbol(")")) {
    if (!out.empty()) tokens_.expect_symbol(",");
    if (tokens_.at_symbol(")")) break;
    if (tokens_.at_symbol("*") || tokens_.at_symbol("**")) {
      refuse(tokens_.line(), "arguments by * and ** are not supported");
    }
    std::string name;
    if (tokens_.at_kind(TokenKind::name) && tokens_.at_symbol("=", 1)) {
      name = tokens_.take().text;
      tokens_.take();
    } else if (!out.empty() && !out.back().name.empty()) {
      refuse(tokens_.line(), "an argument by position follows one by name");
    }
    out.push_back({std::move(name), parse()});
  }
  tokens_.expect_symbol(")");
  return out;
}

ExpressionPointer ExpressionParser::parse_filters_and_tests(ExpressionPointer object) {
  while (true) {
    if (tokens_.at_symbol("|")) {
      object = parse_filter(std::move(object));
    } else if (tokens_.at_name("is")) {
      object = parse_test(std::move(object));
    } else if (tokens_.at_symbol("(")) {
      refuse(tokens_.line(), "a call of what a filter or test gives is not supported");
    } else {
      return object;
    }
  }
}

ExpressionPointer ExpressionParser::parse_filter(ExpressionPointer object) {
  tokens_.take();
  const int line = tokens_.line();
  const std::string name = tokens_.take_name("the name of a filter");
  const Builtin filter = find_filter(name);
  if (filter == nullptr) refuse(line, "the filter \"" + name + "\" is not supported");
  std::vector<Argument> arguments;
  if (tokens_.at_symbol("(")) arguments = parse_arguments();
  return make_expression(line, FilterExpression{std::move(object), filter, std::move(arguments)});
}

ExpressionPointer ExpressionParser::parse_test(ExpressionPointer object) {
  tokens_.take();
  const int line = tokens_.line();
  const bool negated = tokens_.skip_name("not");
  const std::string name = tokens_.take_name("the name of a test");
  const Builtin test = find_test(name);
  if (test == nullptr) refuse(line, "the test \"" + name + "\" is not supported");
  std::vector<Argument> arguments;
  const TokenKind kind = tokens_.peek().kind;
  const bool name_follows =
      kind == TokenKind::name && !tokens_.at_name("else") && !tokens_.at_name("or") && !tokens_.at_name("and");
  if (tokens_.at_symbol("(")) {
    arguments = parse_arguments();
  } else if (name_follows || kind == TokenKind::text || kind == TokenKind::integer || kind == TokenKind::real ||
             tokens_.at_symbol("[") || tokens_.at_symbol("{")) {
    if (tokens_.at_name("is")) refuse(line, "tests cannot be chained with is");
    arguments.push_back({"", parse_postfix(parse_primary())});
  }
  ExpressionPointer result = make_expression(line, TestExpression{std::move(object), test, std::move(arguments)});
  if (negated) result = make_expression(line, UnaryExpression{UnaryOperator::logical_not, std::move(result)});
  return result;
}

}  // namespace candor::jinja
