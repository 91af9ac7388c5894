// Operators: numbers as Python counts them, texts and lists joined or repeated, comparison, `in`.
#include "text/jinja/operators.h"

#include <algorithm>
#include <cmath>

#include "text/jinja/value_text.h"

namespace candor::jinja {
namespace {

[[noreturn]] void fail_operands(std::string_view op, const Value& left, const Value& right, int line) {
  fail(line, "cannot use " + std::string(op) + " between " + type_of(left) + " and " + type_of(right));
}

std::string_view symbol_of(BinaryOperator op) {
  constexpr std::string_view kSymbols[] = {"+", "-", "*", "/", "//", "%", "**", "~", "or", "and"};
  return kSymbols[static_cast<std::size_t>(op)];
}

/// Python's // and %: rounded towards minus infinity.
std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  return a / b - ((a % b != 0 && (a < 0) != (b < 0)) ? 1 : 0);
}

std::int64_t checked_power(std::int64_t base, std::int64_t exponent, int line) {
  std::int64_t result = 1;
  if (base == 0 || base == 1) return exponent == 0 ? 1 : base;
  if (base == -1) return exponent % 2 ? -1 : 1;
  for (; exponent > 0; --exponent) {  // at most 63 rounds before it overflows
    if (__builtin_mul_overflow(result, base, &result)) fail(line, "an integer grows past 64 bits");
  }
  return result;
}

Value integer_arithmetic(BinaryOperator op, std::int64_t a, std::int64_t b, int line) {
  std::int64_t result = 0;
  bool overflow = false;
  const bool divides = op == BinaryOperator::floor_divide || op == BinaryOperator::modulo;
  if (divides && b == 0) fail(line, "division by zero");
  if (divides && b == -1) {  // the smallest integer has no positive counterpart
    if (op == BinaryOperator::modulo) return std::int64_t{0};
    overflow = __builtin_sub_overflow(std::int64_t{0}, a, &result);
  } else if (op == BinaryOperator::add) {
    overflow = __builtin_add_overflow(a, b, &result);
  } else if (op == BinaryOperator::subtract) {
    overflow = __builtin_sub_overflow(a, b, &result);
  } else if (op == BinaryOperator::multiply) {
    overflow = __builtin_mul_overflow(a, b, &result);
  } else if (op == BinaryOperator::floor_divide) {
    result = floor_divide(a, b);
  } else if (op == BinaryOperator::modulo) {
    result = a - floor_divide(a, b) * b;
  } else {
    result = checked_power(a, b, line);
  }
  if (overflow) fail(line, "an integer grows past 64 bits");
  return result;
}

Value number_arithmetic(BinaryOperator op, const Value& left, const Value& right, int line) {
  const bool integers = left.is_integer() && right.is_integer() && op != BinaryOperator::divide;
  if (integers && !(op == BinaryOperator::power && right.integer() < 0)) {
    return integer_arithmetic(op, left.integer(), right.integer(), line);
  }
  const double a = left.number(), b = right.number();
  const bool divides =
      op == BinaryOperator::divide || op == BinaryOperator::floor_divide || op == BinaryOperator::modulo;
  if (divides && b == 0) fail(line, "division by zero");
  switch (op) {
    case BinaryOperator::add:
      return a + b;
    case BinaryOperator::subtract:
      return a - b;
    case BinaryOperator::multiply:
      return a * b;
    case BinaryOperator::divide:
      return a / b;
    case BinaryOperator::floor_divide:
      return std::floor(a / b);
    case BinaryOperator::modulo: {
      const double rest = std::fmod(a, b);
      return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
    }
    default:
      return std::pow(a, b);
  }
}

Value repeat(const std::string& text, std::int64_t count, int line, Budget& budget) {
  const std::uint64_t times = count > 0 ? static_cast<std::uint64_t>(count) : 0;
  if (!text.empty() && times > kMaxTextBytes / text.size())
    fail(line, "a text grows past " + std::to_string(kMaxTextBytes) + " bytes");
  budget.spend(times * text.size() / 16 + times + 1);
  std::string out;
  out.reserve(times * text.size());
  for (std::uint64_t i = 0; i < times && !text.empty(); ++i) out += text;
  return out;
}

Value join_texts(const std::string& a, const std::string& b, int line, Budget& budget) {
  if (a.size() + b.size() > kMaxTextBytes) fail(line, "a text grows past " + std::to_string(kMaxTextBytes) + " bytes");
  budget.spend((a.size() + b.size()) / 16);
  return a + b;
}

Value join_lists(const Value& left, const Value& right, Budget& budget) {
  std::vector<Value> items = *left.list_items();
  budget.spend(items.size() + right.list_items()->size());
  items.insert(items.end(), right.list_items()->begin(), right.list_items()->end());
  return Value::list(std::move(items), (*left.get<ListPointer>())->tuple);
}

bool contains(const Value& container, const Value& item, int line, Budget& budget) {
  if (container.is_text()) {
    if (!item.is_text()) fail_operands("in", item, container, line);
    budget.spend(container.text().size() / 16);
    return container.text().find(item.text()) != std::string::npos;
  }
  if (const Dict* dict = container.dict_items()) {
    budget.spend(dict->items.size());
    return item.is_text() && dict->find(item.text()) != nullptr;
  }
  if (container.is_undefined()) return false;
  const std::vector<Value>* items = container.list_items();
  if (items == nullptr) fail_operands("in", item, container, line);
  return std::any_of(items->begin(), items->end(), [&](const Value& element) { return equal(element, item, budget); });
}

}  // namespace

Value apply_unary(UnaryOperator op, const Value& operand, int line) {
  if (op == UnaryOperator::logical_not) return !truthy(operand);
  if (!operand.is_number()) fail(line, "cannot negate " + type_of(operand));
  if (!operand.is_integer()) return op == UnaryOperator::negate ? -operand.number() : operand.number();
  if (op == UnaryOperator::plus) return operand.integer();
  return integer_arithmetic(BinaryOperator::subtract, 0, operand.integer(), line);
}

Value apply_binary(BinaryOperator op, const Value& left, const Value& right, int line, Budget& budget) {
  if (op == BinaryOperator::concatenate) return join_texts(to_text(left, budget), to_text(right, budget), line, budget);
  if (left.is_number() && right.is_number()) return number_arithmetic(op, left, right, line);
  if (op == BinaryOperator::add && left.is_text() && right.is_text())
    return join_texts(left.text(), right.text(), line, budget);
  if (op == BinaryOperator::add && left.list_items() && right.list_items() &&
      (*left.get<ListPointer>())->tuple == (*right.get<ListPointer>())->tuple) {
    return join_lists(left, right, budget);
  }
  if (op == BinaryOperator::multiply && left.is_text() && right.is_integer())
    return repeat(left.text(), right.integer(), line, budget);
  if (op == BinaryOperator::multiply && left.is_integer() && right.is_text())
    return repeat(right.text(), left.integer(), line, budget);
  if (op == BinaryOperator::modulo && left.is_text()) fail(line, "formatting a str with % is not supported");
  fail_operands(symbol_of(op), left, right, line);
}

bool apply_compare(CompareOperator op, const Value& left, const Value& right, int line, Budget& budget) {
  switch (op) {
    case CompareOperator::equal:
      return equal(left, right, budget);
    case CompareOperator::not_equal:
      return !equal(left, right, budget);
    case CompareOperator::in:
      return contains(right, left, line, budget);
    case CompareOperator::not_in:
      return !contains(right, left, line, budget);
    default:
      break;
  }
  const std::optional<int> order = compare(left, right, budget);
  if (!order && left.is_number() && right.is_number()) return false;  // NaN
  if (!order) fail_operands("<", left, right, line);
  switch (op) {
    case CompareOperator::less:
      return *order < 0;
    case CompareOperator::less_equal:
      return *order <= 0;
    case CompareOperator::greater:
      return *order > 0;
    default:
      return *order >= 0;
  }
}

}  // namespace candor::jinja
