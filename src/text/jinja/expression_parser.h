// The parser of expressions, with Jinja's precedence: … if … else, or, and, not, comparison, + -, ~, * / // %, **,
// unary, postfix, | and is.
#pragma once

#include <string>
#include <vector>

#include "text/jinja/ast.h"
#include "text/jinja/token_stream.h"

namespace candor::jinja {

class ExpressionParser {
 public:
  explicit ExpressionParser(TokenStream& tokens) : tokens_(tokens) {}

  ExpressionPointer parse();           // one expression
  ExpressionPointer parse_or();        // without "… if … else"
  ExpressionPointer parse_tuple();     // a, b without parentheses
  ExpressionPointer parse_tuple_or();  // the same without "… if … else": what `for` iterates over
  /// Called names that are no builtin, with the line of the first call: macros, which the whole template must define.
  const std::vector<std::pair<std::string, int>>& called_names() const { return called_; }

 private:
  class Nesting;
  ExpressionPointer parse_items(bool conditionals);
  ExpressionPointer parse_conditional();
  ExpressionPointer parse_and();
  ExpressionPointer parse_not();
  ExpressionPointer parse_compare();
  ExpressionPointer parse_sum();
  ExpressionPointer parse_concatenation();
  ExpressionPointer parse_product();
  ExpressionPointer parse_power();
  ExpressionPointer parse_unary(bool with_filters);

  // primary_expressions.cpp
  ExpressionPointer parse_primary();
  ExpressionPointer parse_parentheses();
  ExpressionPointer parse_list();
  ExpressionPointer parse_dict();
  ExpressionPointer parse_name(Token name);

  // postfix_expressions.cpp
  ExpressionPointer parse_postfix(ExpressionPointer object);
  ExpressionPointer parse_member(ExpressionPointer object);
  ExpressionPointer parse_subscript(ExpressionPointer object);
  ExpressionPointer parse_optional_bound();
  std::vector<Argument> parse_arguments();
  ExpressionPointer parse_filters_and_tests(ExpressionPointer object);
  ExpressionPointer parse_filter(ExpressionPointer object);
  ExpressionPointer parse_test(ExpressionPointer object);

  TokenStream& tokens_;
  int depth_ = 0;
  std::vector<std::pair<std::string, int>> called_;
};

}  // namespace candor::jinja
