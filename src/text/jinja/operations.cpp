#include "text/jinja/operations.h"

#include <algorithm>
#include <cmath>

#include "text/jinja/value_text.h"

namespace candor::jinja {
namespace {

std::string type_of(const Value& value) {
  if (const Undefined* undefined = value.get<Undefined>()) return "\"" + undefined->name + "\", which is undefined";
  return std::string(value.type_name());
}

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

std::int64_t clamp_bound(std::int64_t bound, std::int64_t length, std::int64_t low, std::int64_t high) {
  return std::clamp(bound < 0 ? std::max(bound + length, std::int64_t{-1}) : bound, low, high);
}

/// The indices that [start:stop:step] selects, as Python counts them.
std::vector<std::size_t> slice_indices(std::int64_t length, const Value& start, const Value& stop, const Value& step,
                                       int line, Budget& budget) {
  for (const Value* bound : {&start, &stop, &step}) {
    if (!bound->is_integer() && !bound->is_none())
      fail(line, "a slice bound is " + type_of(*bound) + ", expected an int");
  }
  const std::int64_t stride = step.is_none() ? 1 : step.integer();
  if (stride == 0) fail(line, "the step of a slice is 0");
  const std::int64_t low = stride > 0 ? 0 : -1, high = stride > 0 ? length : length - 1;
  std::int64_t at = start.is_none() ? (stride > 0 ? low : high) : clamp_bound(start.integer(), length, low, high);
  const std::int64_t end = stop.is_none() ? (stride > 0 ? high : low) : clamp_bound(stop.integer(), length, low, high);
  std::vector<std::size_t> out;
  while (stride > 0 ? at < end : at > end) {
    out.push_back(static_cast<std::size_t>(at));
    if (__builtin_add_overflow(at, stride, &at)) break;
  }
  budget.spend(out.size());
  return out;
}

Value loop_member(const LoopState& loop, const std::string& name, int line) {
  const auto index = static_cast<std::int64_t>(loop.index), length = static_cast<std::int64_t>(loop.items.size());
  if (name == "index") return index + 1;
  if (name == "index0") return index;
  if (name == "revindex") return length - index;
  if (name == "revindex0") return length - index - 1;
  if (name == "first") return index == 0;
  if (name == "last") return index == length - 1;
  if (name == "length") return length;
  if (name == "previtem") return index > 0 ? loop.items[loop.index - 1] : Value(Undefined{"loop.previtem"});
  if (name == "nextitem") return index + 1 < length ? loop.items[loop.index + 1] : Value(Undefined{"loop.nextitem"});
  fail(line, "loop." + name + " is not supported");
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

Value get_attribute(const Value& object, const std::string& name, int line, Budget& budget) {
  if (object.is_undefined()) fail(line, "cannot read ." + name + " of " + type_of(object));
  if (has_method(object, name)) fail(line, "the method ." + name + " is used without being called");
  if (const LoopPointer* loop = object.get<LoopPointer>()) return loop_member(**loop, name, line);
  if (const Dict* dict = object.dict_items()) {
    budget.spend(dict->items.size() / 8);
    if (const Value* value = dict->find(name)) return *value;
  }
  if (const NamespacePointer* names = object.get<NamespacePointer>()) {
    budget.spend((*names)->items.size() / 8);
    for (const auto& [key, value] : (*names)->items) {
      if (key == name) return value;
    }
  }
  return Undefined{name};
}

Value get_item(const Value& object, const Value& index, int line, Budget& budget) {
  if (object.is_undefined()) fail(line, "cannot read an element of " + type_of(object));
  if (index.is_text()) {
    if (const Dict* dict = object.dict_items()) {
      budget.spend(dict->items.size() / 8);
      if (const Value* value = dict->find(index.text())) return *value;
    }
    return get_attribute(object, index.text(), line, budget);
  }
  if (!index.is_integer()) return Undefined{"an element"};
  if (!object.is_text() && object.list_items() == nullptr)
    return Undefined{"element " + std::to_string(index.integer())};
  const auto length = static_cast<std::int64_t>(length_of(object, line, budget));
  const std::int64_t at = index.integer() < 0 ? index.integer() + length : index.integer();
  if (at < 0 || at >= length) return Undefined{"element " + std::to_string(index.integer())};
  if (const std::vector<Value>* items = object.list_items()) return (*items)[static_cast<std::size_t>(at)];
  const std::vector<std::size_t> offsets = character_offsets(object.text());
  const std::size_t begin = offsets[static_cast<std::size_t>(at)];
  return object.text().substr(begin, offsets[static_cast<std::size_t>(at) + 1] - begin);
}

Value get_slice(const Value& object, const Value& start, const Value& stop, const Value& step, int line,
                Budget& budget) {
  if (!object.is_text() && object.list_items() == nullptr) fail(line, "cannot slice " + type_of(object));
  const auto length = static_cast<std::int64_t>(length_of(object, line, budget));
  const std::vector<std::size_t> indices = slice_indices(length, start, stop, step, line, budget);
  if (const std::vector<Value>* items = object.list_items()) {
    std::vector<Value> out;
    for (const std::size_t i : indices) out.push_back((*items)[i]);
    return Value::list(std::move(out), (*object.get<ListPointer>())->tuple);
  }
  const std::vector<std::size_t> offsets = character_offsets(object.text());
  std::string out;
  for (const std::size_t i : indices) out.append(object.text(), offsets[i], offsets[i + 1] - offsets[i]);
  return out;
}

std::vector<Value> iterate(const Value& value, int line, Budget& budget) {
  std::vector<Value> out;
  if (value.is_undefined()) return out;
  if (const std::vector<Value>* items = value.list_items()) {
    out = *items;
  } else if (const Dict* dict = value.dict_items()) {
    for (const auto& [key, element] : dict->items) out.emplace_back(key);
  } else if (value.is_text()) {
    const std::vector<std::size_t> offsets = character_offsets(value.text());
    budget.spend(offsets.size());
    for (std::size_t i = 0; i + 1 < offsets.size(); ++i)
      out.emplace_back(value.text().substr(offsets[i], offsets[i + 1] - offsets[i]));
  } else {
    fail(line, "cannot go through the elements of " + type_of(value));
  }
  budget.spend(out.size());
  return out;
}

std::size_t length_of(const Value& value, int line, Budget& budget) {
  if (value.is_undefined()) return 0;
  if (const std::vector<Value>* items = value.list_items()) return items->size();
  if (const Dict* dict = value.dict_items()) return dict->items.size();
  if (!value.is_text()) fail(line, type_of(value) + " has no length");
  budget.spend(value.text().size() / 16);
  return static_cast<std::size_t>(std::count_if(value.text().begin(), value.text().end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0u) != 0x80;
  }));
}

}  // namespace candor::jinja
