// How the reference kernels see tensors: any dtype, strides or layout read as rows of double, and stored with one
// rounding from double. Rows are the index tuples of all dimensions but the last, in row-major order.
#pragma once

#include <cstdint>
#include <vector>

#include "core/view.h"

namespace candor::ref {

using Doubles = std::vector<double>;

/// One element of `dtype` at element index `index` from `data`, exactly; i64 beyond 2^53 is rounded to odd, so that a
/// later rounding to a narrower format is still correct. throws DTypeError: no reader for this dtype
double load_element(DType dtype, const void* data, std::int64_t index);
/// Rounds once, to nearest even (integers: saturating, NaN becomes 0). throws DTypeError: blocks cannot be written
void store_element(DType dtype, void* data, std::int64_t index, double value);

/// Extent of the last dimension; 1 for scalars.
std::int64_t row_length(const ConstView& view);
/// Number of rows: product of all extents but the last.
std::int64_t row_count(const ConstView& view);
/// Element index, from view.data, of (row, column); blocks count elements, not blocks.
std::int64_t element_index(const ConstView& view, std::int64_t row, std::int64_t column);

Doubles load_row(const ConstView& view, std::int64_t row);       // [last extent]
Doubles load_all(const ConstView& view);                         // row-major
void store_row(const View& view, std::int64_t row, const Doubles& values);
void store_all(const View& view, const Doubles& values);

/// `value` after one rounding to `dtype`.
double round_to(DType dtype, double value);

}  // namespace candor::ref
