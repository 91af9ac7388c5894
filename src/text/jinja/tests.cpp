// What may follow `is`.
#include <algorithm>
#include <cmath>

#include "text/jinja/builtins.h"
#include "text/jinja/operators.h"
#include "text/jinja/value_text.h"

namespace candor::jinja {
namespace {

/// A test without arguments.
template <bool (*Holds)(const Value&)>
Value simple(Runtime&, const Value& object, const Arguments& arguments) {
  arguments.bind({});
  return Holds(object);
}

/// A test that compares with its argument.
template <CompareOperator Op>
Value comparison(Runtime& runtime, const Value& object, const Arguments& arguments) {
  return apply_compare(Op, object, arguments.bind({"other"})[0], arguments.line, runtime.budget);
}

std::int64_t require_integer(const Value& value, int line) {
  if (!value.is_integer()) fail(line, "a test takes an int, not " + std::string(value.type_name()));
  return value.integer();
}

Value even(Runtime&, const Value& object, const Arguments& arguments) {
  arguments.bind({});
  return require_integer(object, arguments.line) % 2 == 0;
}

Value odd(Runtime&, const Value& object, const Arguments& arguments) {
  arguments.bind({});
  return require_integer(object, arguments.line) % 2 != 0;
}

Value divisible_by(Runtime& runtime, const Value& object, const Arguments& arguments) {
  const Value rest =
      apply_binary(BinaryOperator::modulo, object, arguments.bind({"num"})[0], arguments.line, runtime.budget);
  return rest.is_number() && rest.number() == 0;
}

bool is_defined(const Value& v) { return !v.is_undefined(); }
bool is_undefined(const Value& v) { return v.is_undefined(); }
bool is_none(const Value& v) { return v.is_none(); }
bool is_boolean(const Value& v) { return v.is<bool>(); }
bool is_true(const Value& v) { return v.is<bool>() && *v.get<bool>(); }
bool is_false(const Value& v) { return v.is<bool>() && !*v.get<bool>(); }
bool is_string(const Value& v) { return v.is_text(); }
bool is_number(const Value& v) { return v.is_number(); }
bool is_integer(const Value& v) { return v.is<std::int64_t>(); }
bool is_float(const Value& v) { return v.is<double>(); }
bool is_mapping(const Value& v) { return v.dict_items() != nullptr; }
bool is_sequence(const Value& v) { return v.is_text() || v.list_items() || v.dict_items() || v.is_undefined(); }
bool is_iterable(const Value& v) { return is_sequence(v) || v.is<LoopPointer>(); }
bool is_callable(const Value& v) { return v.is<Callable>(); }

struct Named {
  std::string_view name;
  Builtin test;
};

constexpr Named kTests[] = {{"defined", simple<is_defined>},
                            {"undefined", simple<is_undefined>},
                            {"none", simple<is_none>},
                            {"boolean", simple<is_boolean>},
                            {"true", simple<is_true>},
                            {"false", simple<is_false>},
                            {"string", simple<is_string>},
                            {"number", simple<is_number>},
                            {"integer", simple<is_integer>},
                            {"float", simple<is_float>},
                            {"mapping", simple<is_mapping>},
                            {"sequence", simple<is_sequence>},
                            {"iterable", simple<is_iterable>},
                            {"callable", simple<is_callable>},
                            {"even", even},
                            {"odd", odd},
                            {"divisibleby", divisible_by},
                            {"in", comparison<CompareOperator::in>},
                            {"eq", comparison<CompareOperator::equal>},
                            {"equalto", comparison<CompareOperator::equal>},
                            {"==", comparison<CompareOperator::equal>},
                            {"ne", comparison<CompareOperator::not_equal>},
                            {"!=", comparison<CompareOperator::not_equal>},
                            {"lt", comparison<CompareOperator::less>},
                            {"lessthan", comparison<CompareOperator::less>},
                            {"<", comparison<CompareOperator::less>},
                            {"le", comparison<CompareOperator::less_equal>},
                            {"<=", comparison<CompareOperator::less_equal>},
                            {"gt", comparison<CompareOperator::greater>},
                            {"greaterthan", comparison<CompareOperator::greater>},
                            {">", comparison<CompareOperator::greater>},
                            {"ge", comparison<CompareOperator::greater_equal>},
                            {">=", comparison<CompareOperator::greater_equal>}};

}  // namespace

Builtin find_test(std::string_view name) {
  const auto found =
      std::find_if(std::begin(kTests), std::end(kTests), [name](const Named& test) { return test.name == name; });
  return found == std::end(kTests) ? nullptr : found->test;
}

}  // namespace candor::jinja
