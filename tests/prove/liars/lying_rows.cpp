// Rows that lie: the CPU backend's table with the kernels of some rows replaced. What a row says of itself stays as it
// is, but for f32_as_avx512bf16, which says more than its kernel does.
#include <algorithm>
#include <array>
#include <vector>

#include "kernels/registry.h"
#include "tests/prove/liars/lies.h"
#include "tests/prove/liars/lying_kernels.h"

namespace candor::liars {

std::span<const Backend> honest_backends() asm("__real__ZN6candor18installed_backendsEv");
std::span<const Backend> lying_backends() asm("__wrap__ZN6candor18installed_backendsEv");

namespace {

using enum DType;

bool is(const KernelRow& row, std::string_view op, DType a, DType b) {
  return row.op == op && row.precision.a == a && row.precision.b == b;
}
bool is_cast(const KernelRow& row, DType from, DType to) {
  return row.op == Cast::name && row.precision.a == from && row.precision.out == to;
}

/// Where the lie of this run is told, and by which kernel.
void lie_in_row(KernelRow& row) {
  const bool bf16_matmul = is(row, Matmul::name, bf16, bf16), f32_matmul = is(row, Matmul::name, f32, f32);
  switch (told()) {
    case Lie::accumulates_in_bf16:
    case Lie::accumulates_in_f64:
    case Lie::threads_matter:
    case Lie::hidden_f32_copy:
      if (bf16_matmul) row.launch = lying_matmul_of(told());
      break;
    case Lie::isa_matters:
      if (bf16_matmul && row.isa == Isa::avx2) row.launch = lying_matmul_of(told());
      break;
    case Lie::through_f16:
    case Lie::rounds_products:
      if (f32_matmul) row.launch = lying_matmul_of(told());
      break;
    case Lie::v_differs:
      if (is(row, QkvProjection::name, bf16, bf16)) row.launch = lying_qkv_projection_of(told());
      break;
    case Lie::truncates:
    case Lie::drops_nan:
    case Lie::flushes_subnormals:
      if (is_cast(row, f32, bf16)) row.launch = lying_cast_of(told());
      break;
    case Lie::rounds_p:
    case Lie::prefill_row_differs:
      if (is(row, Attention::name, f32, bf16)) row.launch = lying_attention_of(told());
      break;
    case Lie::rounds_rope_tables:
      if (is(row, Rope::name, f32, f32)) row.launch = lying_rope_of(told());
      break;
    case Lie::norm_sums_in_bf16:
      if (is(row, RmsNorm::name, f32, f32)) row.launch = lying_rms_norm_of(told());
      break;
    default:
      break;
  }
}

/// A kernel of f32 FMA stands under the class of VDPBF16PS: on AVX512-BF16 the one of AVX2, elsewhere its own.
void pose_as_dpbf16(std::vector<KernelRow>& rows) {
  for (KernelRow& row : rows) {
    if (!is(row, Matmul::name, bf16, bf16)) continue;
    if (row.isa == Isa::avx512bf16) {
      const auto plain = std::find_if(rows.begin(), rows.end(), [&](const KernelRow& other) {
        return other.op == row.op && other.precision == row.precision && other.isa == Isa::avx2;
      });
      row.launch = plain->launch;
      row.refuses = plain->refuses;
    }
    row.instruction_class = InstructionClass::x86_dpbf16_ftz;
  }
}

/// Rows that the checks of bytes and models use none of. Lies of the engine are looked for with all ops, and the run is
/// to be short.
bool is_left_out(const KernelRow& row) {
  const auto rare = [](DType dtype) { return dtype == f16 || (is_block(dtype) && dtype != q8_0); };
  return row.op != Cast::name && row.op != Copy::name &&
         (rare(row.precision.a) || rare(row.precision.b) || rare(row.precision.out));
}

std::vector<KernelRow> lying_rows(std::span<const KernelRow> honest) {
  std::vector<KernelRow> rows(honest.begin(), honest.end());
  if (told() >= Lie::hidden_f32_copy) std::erase_if(rows, is_left_out);
  if (told() == Lie::f32_as_avx512bf16) pose_as_dpbf16(rows);
  for (KernelRow& row : rows) lie_in_row(row);
  return rows;
}

}  // namespace

std::span<const Backend> lying_backends() {
  static const std::span<const Backend> honest = honest_backends();
  static const std::vector<KernelRow> rows = lying_rows(honest[0].rows);
  static const RowIndex index(rows);
  static const std::vector<Backend> backends = [] {
    std::vector<Backend> all(honest.begin(), honest.end());
    all[0].rows = rows;
    all[0].index = &index;
    return all;
  }();
  return backends;
}

}  // namespace candor::liars
