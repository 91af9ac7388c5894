// What expressions evaluate to, in the scopes of a template under way.
#pragma once

#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "text/jinja/ast.h"
#include "text/jinja/builtins.h"
#include "text/jinja/scopes.h"

namespace candor::jinja {

class ExpressionEvaluator {
 public:
  /// Macros are made of statements, which this class does not know.
  using CallMacro = std::function<Value(const MacroStatement&, const Arguments&)>;

  ExpressionEvaluator(const Scopes& scopes, Runtime& runtime, int& depth, CallMacro call_macro)
      : scopes_(scopes), runtime_(runtime), depth_(depth), call_macro_(std::move(call_macro)) {}

  Value evaluate(const ExpressionPointer& expression);

 private:
  Value evaluate_or_none(const ExpressionPointer& expression);
  Arguments evaluate_arguments(const std::vector<Argument>& arguments, std::string_view callee, int line);

  Value evaluate(const LiteralExpression& e, int line);
  Value evaluate(const NameExpression& e, int line);
  Value evaluate(const ListExpression& e, int line);
  Value evaluate(const DictExpression& e, int line);
  Value evaluate(const AttributeExpression& e, int line);
  Value evaluate(const SubscriptExpression& e, int line);
  Value evaluate(const SliceExpression& e, int line);
  Value evaluate(const CallExpression& e, int line);
  Value evaluate(const MethodExpression& e, int line);
  Value evaluate(const FilterExpression& e, int line);
  Value evaluate(const TestExpression& e, int line);
  Value evaluate(const UnaryExpression& e, int line);
  Value evaluate(const BinaryExpression& e, int line);
  Value evaluate(const CompareExpression& e, int line);
  Value evaluate(const ConditionalExpression& e, int line);

  const Scopes& scopes_;
  Runtime& runtime_;
  int& depth_;  // shared with the statements
  CallMacro call_macro_;
};

}  // namespace candor::jinja
