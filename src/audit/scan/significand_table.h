// Exponent and trailing zeros of f32 and f64 values that are not known to be narrow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "audit/fingerprint.h"
#include "audit/scan/distinct_patterns.h"

namespace candor::audit_internal {

/// Counts of special values, and the sum over the finite ones.
struct ValueCounts {
  std::uint64_t zeros = 0, infinities = 0, nans = 0, subnormals = 0;
};

/// Exponent (clamped) and trailing zeros of a finite value that is not zero, as SignificandCounts has them.
struct Significand {
  int exponent = 0, zeros = 0;
};
Significand significand_of(std::uint32_t magnitude);
Significand significand_of(std::uint64_t magnitude);

/// Cell of SignificandCounts, [exponent, zeros].
std::uint32_t significand_cell(Significand value);

/// Sum of the squares of the finite values. The order of the additions depends on nothing but `elements`.
double sum_squares_f32(const std::byte* values, std::size_t elements);
double sum_squares_f64(const std::byte* values, std::size_t elements);

/// Counters of one worker, emptied by take(). `Bits`: std::uint32_t for f32, std::uint64_t for f64. At most 2^32 - 1
/// elements may be added before take().
template <class Bits>
class SignificandTable {
 public:
  SignificandTable();

  /// Patterns with fewer trailing zeros are not collected: the tensor has enough of them.
  void collect_from(int fewest_zeros) { fewest_ = fewest_zeros; }
  void add(const std::byte* values, std::size_t elements);

  /// Cells of SignificandCounts that were hit, some of them in several parts, and the special values.
  CodeCounts take(ValueCounts& counts);
  DistinctPatterns<Bits>& patterns() { return patterns_; }

 private:
  std::size_t add_groups(const std::byte* values, std::size_t elements);
  void add_patterns(const std::byte* values, const std::uint16_t* cells);
  void add_pattern(Bits bits);
  void add_subnormals(const std::byte* values, std::size_t elements);

  std::vector<std::uint32_t> cells_;  // [table, exponent field, trailing zeros]
  std::uint64_t subnormals_ = 0;      // that the cells of field 0 hold so far
  CodeCounts subnormal_cells_;        // their exponents are not in their fields
  int fewest_ = DistinctPatterns<Bits>::kFewest;
  DistinctPatterns<Bits> patterns_;
};

}  // namespace candor::audit_internal
