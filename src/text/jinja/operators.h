// What operators do to values: Python's arithmetic, comparison and `in`.
#pragma once

#include "text/jinja/ast.h"
#include "text/jinja/value.h"

namespace candor::jinja {

Value apply_unary(UnaryOperator op, const Value& operand, int line);
/// Arithmetic and ~; the logical ones are the evaluator's, which may leave the right side alone.
Value apply_binary(BinaryOperator op, const Value& left, const Value& right, int line, Budget& budget);
bool apply_compare(CompareOperator op, const Value& left, const Value& right, int line, Budget& budget);

}  // namespace candor::jinja
