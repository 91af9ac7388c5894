// Operators, subscripts, iteration and loop members.
#pragma once

#include <string_view>
#include <vector>

#include "text/jinja/ast.h"
#include "text/jinja/builtins.h"

namespace candor::jinja {

Value apply_unary(UnaryOperator op, const Value& operand, int line);
/// Arithmetic and ~; the logical ones are the evaluator's, which may leave the right side alone.
Value apply_binary(BinaryOperator op, const Value& left, const Value& right, int line, Budget& budget);
bool apply_compare(CompareOperator op, const Value& left, const Value& right, int line, Budget& budget);
bool contains(const Value& container, const Value& item, int line, Budget& budget);

Value get_attribute(const Value& object, const std::string& name, int line, Budget& budget);
Value get_item(const Value& object, const Value& index, int line, Budget& budget);
Value get_slice(const Value& object, const Value& start, const Value& stop, const Value& step, int line,
                Budget& budget);

/// The elements of a list, keys of a dict, characters of a string; none of an undefined value.
std::vector<Value> iterate(const Value& value, int line, Budget& budget);
std::size_t length_of(const Value& value, int line, Budget& budget);

}  // namespace candor::jinja
