#include "text/jinja/expression_parser.h"

#include <array>

#include "text/jinja/expression_height.h"

namespace candor::jinja {
namespace {

constexpr int kMaxExpressionDepth = 100;  // of brackets and the like, while parsing

ExpressionPointer binary(int line, BinaryOperator op, ExpressionPointer left, ExpressionPointer right) {
  return make_expression(line, BinaryExpression{op, std::move(left), std::move(right)});
}

}  // namespace

/// Counts how deep expressions nest.
class ExpressionParser::Nesting {
 public:
  explicit Nesting(ExpressionParser& parser) : parser_(parser) {
    if (++parser_.depth_ > kMaxExpressionDepth) {
      refuse(parser_.tokens_.line(),
             "an expression nests deeper than " + std::to_string(kMaxExpressionDepth) + " levels");
    }
  }
  ~Nesting() { --parser_.depth_; }

 private:
  ExpressionParser& parser_;
};

ExpressionPointer ExpressionParser::parse() { return parse_conditional(); }

ExpressionPointer ExpressionParser::parse_tuple() { return parse_items(true); }
ExpressionPointer ExpressionParser::parse_tuple_or() { return parse_items(false); }

ExpressionPointer ExpressionParser::parse_items(bool conditionals) {
  const int line = tokens_.line();
  std::vector<ExpressionPointer> items;
  items.push_back(conditionals ? parse() : parse_or());
  if (!tokens_.at_symbol(",")) return std::move(items[0]);
  while (tokens_.skip_symbol(",")) {
    const TokenKind kind = tokens_.peek().kind;
    if (kind == TokenKind::variable_end || kind == TokenKind::block_end || tokens_.at_symbol(")")) break;
    items.push_back(conditionals ? parse() : parse_or());
  }
  return make_expression(line, ListExpression{std::move(items), true});
}

ExpressionPointer ExpressionParser::parse_conditional() {
  const Nesting nesting(*this);
  ExpressionPointer value = parse_or();
  while (tokens_.at_name("if")) {
    const int line = tokens_.line();
    tokens_.take();
    ExpressionPointer condition = parse_or(), otherwise;
    if (tokens_.skip_name("else")) otherwise = parse_conditional();
    value = make_expression(line, ConditionalExpression{std::move(condition), std::move(value), std::move(otherwise)});
  }
  return value;
}

ExpressionPointer ExpressionParser::parse_or() {
  ExpressionPointer left = parse_and();
  while (tokens_.at_name("or")) {
    const int line = tokens_.take().line;
    left = binary(line, BinaryOperator::logical_or, std::move(left), parse_and());
  }
  return left;
}

ExpressionPointer ExpressionParser::parse_and() {
  ExpressionPointer left = parse_not();
  while (tokens_.at_name("and")) {
    const int line = tokens_.take().line;
    left = binary(line, BinaryOperator::logical_and, std::move(left), parse_not());
  }
  return left;
}

ExpressionPointer ExpressionParser::parse_not() {
  if (!tokens_.at_name("not")) return parse_compare();
  const Nesting nesting(*this);
  const int line = tokens_.take().line;
  return make_expression(line, UnaryExpression{UnaryOperator::logical_not, parse_not()});
}

ExpressionPointer ExpressionParser::parse_compare() {
  constexpr std::array<std::pair<std::string_view, CompareOperator>, 6> kOperators = {
      {{"==", CompareOperator::equal},
       {"!=", CompareOperator::not_equal},
       {"<=", CompareOperator::less_equal},
       {">=", CompareOperator::greater_equal},
       {"<", CompareOperator::less},
       {">", CompareOperator::greater}}};
  const int line = tokens_.line();
  ExpressionPointer first = parse_sum();
  std::vector<std::pair<CompareOperator, ExpressionPointer>> rest;
  const auto next = [&]() -> std::optional<CompareOperator> {
    for (const auto& [symbol, op] : kOperators) {
      if (tokens_.skip_symbol(symbol)) return op;
    }
    if (tokens_.skip_name("in")) return CompareOperator::in;
    if (!tokens_.at_name("not") || !tokens_.at_name("in", 1)) return std::nullopt;
    tokens_.take();
    tokens_.take();
    return CompareOperator::not_in;
  };
  while (const std::optional<CompareOperator> op = next()) rest.emplace_back(*op, parse_sum());
  if (rest.empty()) return first;
  return make_expression(line, CompareExpression{std::move(first), std::move(rest)});
}

ExpressionPointer ExpressionParser::parse_sum() {
  ExpressionPointer left = parse_concatenation();
  while (tokens_.at_symbol("+") || tokens_.at_symbol("-")) {
    const Token op = tokens_.take();
    left = binary(op.line, op.text == "+" ? BinaryOperator::add : BinaryOperator::subtract, std::move(left),
                  parse_concatenation());
  }
  return left;
}

ExpressionPointer ExpressionParser::parse_concatenation() {
  ExpressionPointer left = parse_product();
  while (tokens_.at_symbol("~")) {
    const int line = tokens_.take().line;
    left = binary(line, BinaryOperator::concatenate, std::move(left), parse_product());
  }
  return left;
}

ExpressionPointer ExpressionParser::parse_product() {
  ExpressionPointer left = parse_power();
  while (tokens_.at_symbol("*") || tokens_.at_symbol("/") || tokens_.at_symbol("//") || tokens_.at_symbol("%")) {
    const Token op = tokens_.take();
    const BinaryOperator kind = op.text == "*"    ? BinaryOperator::multiply
                                : op.text == "/"  ? BinaryOperator::divide
                                : op.text == "//" ? BinaryOperator::floor_divide
                                                  : BinaryOperator::modulo;
    left = binary(op.line, kind, std::move(left), parse_power());
  }
  return left;
}

ExpressionPointer ExpressionParser::parse_power() {
  ExpressionPointer left = parse_unary(true);
  while (tokens_.at_symbol("**")) {
    const int line = tokens_.take().line;
    left = binary(line, BinaryOperator::power, std::move(left), parse_unary(true));
  }
  return left;
}

ExpressionPointer ExpressionParser::parse_unary(bool with_filters) {
  const Nesting nesting(*this);
  ExpressionPointer value;
  if (tokens_.at_symbol("-") || tokens_.at_symbol("+")) {
    const Token op = tokens_.take();
    value = make_expression(
        op.line, UnaryExpression{op.text == "-" ? UnaryOperator::negate : UnaryOperator::plus, parse_unary(false)});
  } else {
    value = parse_primary();
  }
  value = parse_postfix(std::move(value));
  return with_filters ? parse_filters_and_tests(std::move(value)) : std::move(value);
}

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
