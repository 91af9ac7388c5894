// Parses operators, from "… if … else" down to the unary ones.
#include "text/jinja/expression_parser.h"

#include <array>
#include <optional>

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

}  // namespace candor::jinja
