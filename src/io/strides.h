// Geometry of tensors whose elements do not lie side by side, with checked arithmetic.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "io/checked.h"

namespace candor::io {

/// Elements from the first to just past the last: 1 + sum of (extent - 1) * stride, 0 for an empty tensor. Nothing when
/// a number is negative or the sum leaves u64. `shape` and `strides` have the same length.
inline std::optional<std::uint64_t> strided_extent(const std::vector<std::int64_t>& shape,
                                                   const std::vector<std::int64_t>& strides) {
  std::optional<std::uint64_t> extent = 1;
  bool empty = false;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] < 0 || strides[i] < 0) return std::nullopt;
    if (shape[i] == 0) {
      empty = true;
      continue;
    }
    const auto step = checked_mul(static_cast<std::uint64_t>(shape[i]) - 1, static_cast<std::uint64_t>(strides[i]));
    extent = step ? checked_add(*extent, *step) : std::nullopt;
    if (!extent) return std::nullopt;
  }
  return empty ? 0 : extent;
}

/// True when the elements lie side by side in row-major order; the stride of an extent of 1 means nothing.
inline bool is_row_major(const std::vector<std::int64_t>& shape, const std::vector<std::int64_t>& strides) {
  std::optional<std::uint64_t> expected = 1;
  bool row_major = true;
  for (std::size_t i = shape.size(); i-- > 0;) {
    if (shape[i] == 0) return true;
    if (shape[i] == 1) continue;
    if (!expected || static_cast<std::uint64_t>(strides[i]) != *expected) row_major = false;
    if (expected) expected = checked_mul(*expected, static_cast<std::uint64_t>(shape[i]));
  }
  return row_major;
}

/// Makes the strides of extents up to 1, which may be anything, 0: no place is found with them.
inline void drop_idle_strides(const std::vector<std::int64_t>& shape, std::vector<std::int64_t>& strides) {
  for (std::size_t i = 0; i < shape.size(); ++i)
    if (shape[i] <= 1) strides[i] = 0;
}

}  // namespace candor::io
