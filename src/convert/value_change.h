// What a conversion did to values: the counts behind --explain and behind the refusal of lossy conversions.
#pragma once

#include <cstdint>

#include "candor/tensor.h"

namespace candor::convert_internal {

struct ValueChange {
  std::uint64_t changed = 0;     // values that differ (a NaN that stays NaN does not)
  std::uint64_t overflowed = 0;  // finite, became infinite
  std::uint64_t flushed = 0;     // not zero, became zero
  double max_relative = 0;       // over changed values that are finite and not zero before and after

  void add(const ValueChange& other);
};

/// True when every value of `from` is a value of `to`: nothing to count.
bool is_exact(DType from, DType to);

/// True when a value can overflow, or be flushed where that needs permission: counted before anything is written.
bool can_lose(DType from, DType to);

/// Compares element by element. Both are contiguous [n]; blocks count as the values they stand for.
ValueChange count_changes(const Tensor& before, const Tensor& after);

}  // namespace candor::convert_internal
