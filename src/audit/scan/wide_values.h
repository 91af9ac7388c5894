// f32 and f64 values once they are counted: from keys (the upper 19 bits of narrow values) and cells to a fingerprint.
#pragma once

#include <cstdint>
#include <vector>

#include "audit/fingerprint.h"
#include "audit/scan/distinct_patterns.h"
#include "audit/scan/significand_table.h"
#include "audit/scan/span_counter.h"
#include "audit/scan/value_class.h"

namespace candor::audit_internal {

struct WideTotals {
  CodeCounts keys;         // values with at most 10 explicit significand bits
  std::uint64_t wide = 0;  // all others; what follows counts these alone
  ValueCounts values;
  std::vector<std::uint64_t> significands;
  double sum_squares = 0;
};

/// Fills what f32 and f64 tensors have: codes when all values are bf16's or f16's, joint counts, distinct patterns.
void fill_wide(WideTotals totals, DistinctPatterns<std::uint32_t>& patterns, Fingerprint& out);
void fill_wide(WideTotals totals, DistinctPatterns<std::uint64_t>& patterns, Fingerprint& out);

/// Which of narrow and wide are worth a look in a span of f32 or f64 values: narrow when there are eight and eight
/// standard deviations more than chance makes, some 140 in a span of f32.
ClassMask span_widths(const SpanCounts& counts, DType dtype);
/// Classes of the value behind a key, when it is stored in `dtype`; without narrow and wide.
ClassMask key_classes(std::uint32_t key, DType dtype);
/// Classes that a value of this cell of SignificandCounts may have.
ClassMask cell_classes(std::uint32_t cell);

}  // namespace candor::audit_internal
