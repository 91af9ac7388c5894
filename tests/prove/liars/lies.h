// The lies that candor_liar can tell, one in each run: CANDOR_LIE names it. Only this test program has them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace candor::liars {

enum class Lie : std::uint8_t {
  none,
  // Rows whose kernel computes otherwise (lying_rows.cpp).
  accumulates_in_bf16,
  accumulates_in_f64,
  through_f16,
  rounds_products,
  truncates,
  drops_nan,
  flushes_subnormals,
  rounds_p,
  rounds_rope_tables,
  norm_sums_in_bf16,
  prefill_row_differs,
  v_differs,
  f32_as_avx512bf16,
  // Rows that look honest by themselves.
  isa_matters,
  threads_matter,
  // From here on: looked for with all ops. A row that takes memory, and the engine around rows (lying_engine.cpp).
  hidden_f32_copy,
  stores_f32,
  memory_counted_once,
  cast_not_in_ledger,
  receipt_undercounts,
  precision_ignored,
  prefill_differs,
};

struct DescribedLie {
  Lie lie;
  std::string_view name, what;
};
std::span<const DescribedLie> all_lies();

/// The lie of this run. main() has made sure that there is one of this name.
Lie told();

}  // namespace candor::liars
