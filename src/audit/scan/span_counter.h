// One worker's counters: what a part of a tensor has, before it joins the rest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "audit/fingerprint.h"
#include "audit/scan/code_table.h"
#include "audit/scan/significand_table.h"

namespace candor::audit_internal {

/// f32 and f64, which have no histogram of codes but what SpanCounts has.
constexpr bool is_wide(DType dtype) { return dtype == DType::f32 || dtype == DType::f64; }

/// True for dtypes whose values are counted: one or two bytes an element, f32 and f64.
bool is_counted(DType dtype);

/// Adds `more` to `counts`; both ascend.
void merge_counts(CodeCounts& counts, CodeCounts more);

/// f32 and f64: values with at most 10 explicit significand bits are counted as keys, their upper 19 bits as f32, in
/// blocks in which all are such; the others by exponent and trailing zeros. A NaN is its bits, as any other value.
struct SpanCounts {
  CodeCounts codes;        // keys of f32 and f64
  std::uint64_t wide = 0;  // values of f32 and f64 that are no keys; what follows is of these
  CodeCounts cells;
  ValueCounts values;
  double sum_squares = 0;
};

class SpanCounter {
 public:
  /// `fewest_zeros`: patterns with fewer trailing zeros need not be collected (f32, f64).
  void begin(DType dtype, std::uint64_t elements, int fewest_zeros);
  /// At most `elements` of begin() in all. Values are looked at in blocks from the start of each call.
  void add(const std::byte* data, std::uint64_t elements);
  /// Empties the counters, all but patterns, which stay until begin().
  SpanCounts take();

  const DistinctPatterns<std::uint32_t>& patterns_f32() const { return f32_->patterns(); }
  const DistinctPatterns<std::uint64_t>& patterns_f64() const { return f64_->patterns(); }

 private:
  void add_f32_block(const std::byte* data, std::size_t elements);
  void add_f64_block(const std::byte* data, std::size_t elements);

  DType dtype_ = DType::any;
  CodeTable codes_;
  std::unique_ptr<SignificandTable<std::uint32_t>> f32_;
  std::unique_ptr<SignificandTable<std::uint64_t>> f64_;
  std::vector<std::uint32_t> narrowed_;  // a block of f64 as f32
  std::uint64_t wide_ = 0;
  double sum_squares_ = 0;
};

}  // namespace candor::audit_internal
