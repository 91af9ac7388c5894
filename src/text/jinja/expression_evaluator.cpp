#include "text/jinja/expression_evaluator.h"

#include "text/jinja/depth.h"
#include "text/jinja/elements.h"
#include "text/jinja/operators.h"
#include "text/jinja/value_text.h"

namespace candor::jinja {

Value ExpressionEvaluator::evaluate(const ExpressionPointer& expression) {
  const DepthGuard guard(depth_, expression->line);
  runtime_.budget.spend(1);
  return std::visit([&](const auto& node) { return evaluate(node, expression->line); }, expression->node);
}

Value ExpressionEvaluator::evaluate_or_none(const ExpressionPointer& expression) {
  return expression ? evaluate(expression) : Value(None{});
}

Value ExpressionEvaluator::evaluate(const LiteralExpression& e, int) { return e.value; }

Value ExpressionEvaluator::evaluate(const NameExpression& e, int) { return scopes_.find(e.name); }

Value ExpressionEvaluator::evaluate(const AttributeExpression& e, int line) {
  return get_attribute(evaluate(e.object), e.name, line, runtime_.budget);
}

Value ExpressionEvaluator::evaluate(const UnaryExpression& e, int line) {
  return apply_unary(e.op, evaluate(e.operand), line);
}

Value ExpressionEvaluator::evaluate(const ListExpression& e, int) {
  std::vector<Value> items;
  for (const ExpressionPointer& item : e.items) items.push_back(evaluate(item));
  return Value::list(std::move(items), e.tuple);
}

Value ExpressionEvaluator::evaluate(const DictExpression& e, int line) {
  std::vector<std::pair<std::string, Value>> items;
  for (const auto& [key, value] : e.items) {
    const Value name = evaluate(key);
    if (!name.is_text())
      fail(line, "the key of a dict is a " + std::string(name.type_name()) + ", only str is supported");
    items.emplace_back(name.text(), evaluate(value));
  }
  return Value::dict(std::move(items));
}

Value ExpressionEvaluator::evaluate(const SubscriptExpression& e, int line) {
  const Value object = evaluate(e.object);
  return get_item(object, evaluate(e.index), line, runtime_.budget);
}

Value ExpressionEvaluator::evaluate(const SliceExpression& e, int line) {
  const Value object = evaluate(e.object), start = evaluate_or_none(e.start), stop = evaluate_or_none(e.stop);
  return get_slice(object, start, stop, evaluate_or_none(e.step), line, runtime_.budget);
}

Value ExpressionEvaluator::evaluate(const BinaryExpression& e, int line) {
  Value left = evaluate(e.left);
  if (e.op == BinaryOperator::logical_and) return truthy(left) ? evaluate(e.right) : left;
  if (e.op == BinaryOperator::logical_or) return truthy(left) ? left : evaluate(e.right);
  return apply_binary(e.op, left, evaluate(e.right), line, runtime_.budget);
}

Value ExpressionEvaluator::evaluate(const CompareExpression& e, int line) {
  Value left = evaluate(e.first);
  for (const auto& [op, expression] : e.rest) {
    Value right = evaluate(expression);
    if (!apply_compare(op, left, right, line, runtime_.budget)) return false;
    left = std::move(right);
  }
  return true;
}

Value ExpressionEvaluator::evaluate(const ConditionalExpression& e, int) {
  if (truthy(evaluate(e.condition))) return evaluate(e.then);
  return e.otherwise ? evaluate(e.otherwise) : Value(Undefined{"the else of an if expression"});
}

Arguments ExpressionEvaluator::evaluate_arguments(const std::vector<Argument>& arguments, std::string_view callee,
                                                  int line) {
  Arguments out;
  out.callee = callee;
  out.line = line;
  for (const Argument& argument : arguments) {
    if (argument.name.empty()) {
      out.positional.push_back(evaluate(argument.value));
    } else {
      out.named.emplace_back(argument.name, evaluate(argument.value));
    }
  }
  return out;
}

Value ExpressionEvaluator::evaluate(const FilterExpression& e, int line) {
  const Value object = evaluate(e.object);
  return e.filter(runtime_, object, evaluate_arguments(e.arguments, "the filter", line));
}

Value ExpressionEvaluator::evaluate(const TestExpression& e, int line) {
  const Value object = evaluate(e.object);
  return e.test(runtime_, object, evaluate_arguments(e.arguments, "the test", line));
}

Value ExpressionEvaluator::evaluate(const MethodExpression& e, int line) {
  const Value object = evaluate(e.object);
  return call_method(runtime_, object, e.name, evaluate_arguments(e.arguments, e.name, line));
}

Value ExpressionEvaluator::evaluate(const CallExpression& e, int line) {
  const Value callee = scopes_.find(e.function);
  const Callable* callable = callee.get<Callable>();
  if (callable == nullptr) fail(line, e.function + " is no function or macro here");
  const Arguments arguments = evaluate_arguments(e.arguments, e.function, line);
  return callable->macro ? call_macro_(*callable->macro, arguments)
                         : call_function(runtime_, callable->function, arguments);
}

}  // namespace candor::jinja
