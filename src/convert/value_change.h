// What a conversion did to values: the counts behind --explain and behind the refusal of lossy conversions.
#pragma once

#include <cstdint>
#include <optional>

#include "candor/convert.h"
#include "candor/tensor.h"

namespace candor::convert_internal {

struct ValueChange {
  std::uint64_t changed = 0;           // values that differ (a NaN that stays NaN does not)
  std::uint64_t overflowed = 0;        // finite, became infinite
  std::uint64_t flushed = 0;           // not zero, became zero
  std::uint64_t became_subnormal = 0;  // were none in their own format; changed or not
  std::uint64_t unreachable = 0;       // changed, and outside the range that the target holds with all its digits
  double max_relative = 0;             // over changed values that are finite and not zero before and after
  double max_ulps = 0;                 // of the target's steps at the value, over changed values that stay finite
  std::optional<ChangedValue> first;   // of the unreachable ones
  std::optional<ChangedValue> first_overflowed, first_flushed;

  void add(const ValueChange& other);
};

/// True when every value of `from` is a value of `to`: nothing to count.
bool is_exact(DType from, DType to);

/// True when a value can be lost in a way that needs permission: counted before anything is written.
bool can_lose(DType from, DType to);

/// Compares element by element. Both are contiguous [n]; blocks count as the values they stand for. `first_element`:
/// place of the first in its tensor.
ValueChange count_changes(const Tensor& before, const Tensor& after, std::uint64_t first_element = 0);

}  // namespace candor::convert_internal
