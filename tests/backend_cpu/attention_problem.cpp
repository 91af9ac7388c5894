// The table of the attention kernels, and the operands of one call.
#include "tests/backend_cpu/attention_problem.h"

#include <cmath>

#include "tests/backend_cpu/test_stream.h"

namespace candor::test {

#define ENTRIES(isa, q, kv)                                                         \
  {                                                                                 \
    DType::q, DType::kv, DType::q, Isa::isa, cpu::isa::attention_decode_##q##_##kv, \
        cpu::isa::attention_flash_##q##_##kv                                        \
  }
#define ENTRIES_TO_F32(isa, q, kv)                                                             \
  {                                                                                            \
    DType::q, DType::kv, DType::f32, Isa::isa, cpu::isa::attention_decode_##q##_##kv##_to_f32, \
        cpu::isa::attention_flash_##q##_##kv##_to_f32                                          \
  }
#define PAIRS_OF(isa)                                                                                    \
  ENTRIES(isa, f32, f32), ENTRIES(isa, f32, bf16), ENTRIES(isa, f32, f16), ENTRIES(isa, bf16, bf16),     \
      ENTRIES(isa, bf16, f16), ENTRIES(isa, bf16, f32), ENTRIES(isa, f16, f16), ENTRIES(isa, f16, bf16), \
      ENTRIES(isa, f16, f32), ENTRIES_TO_F32(isa, bf16, bf16), ENTRIES_TO_F32(isa, bf16, f16),           \
      ENTRIES_TO_F32(isa, bf16, f32), ENTRIES_TO_F32(isa, f16, f16), ENTRIES_TO_F32(isa, f16, bf16),     \
      ENTRIES_TO_F32(isa, f16, f32)

const std::vector<AttentionKernels>& all_attention_kernels() {
  static const std::vector<AttentionKernels> entries = {PAIRS_OF(baseline), PAIRS_OF(avx2), PAIRS_OF(avx512),
                                                        ENTRIES(avx512bf16, bf16, bf16),
                                                        ENTRIES_TO_F32(avx512bf16, bf16, bf16)};
  return entries;
}
#undef PAIRS_OF
#undef ENTRIES_TO_F32
#undef ENTRIES

std::vector<AttentionKernels> attention_kernels(Isa lowest) {
  std::vector<AttentionKernels> result;
  for (const AttentionKernels& entry : all_attention_kernels())
    if (entry.isa >= lowest && machine_has(entry.isa)) result.push_back(entry);
  return result;
}

std::string describe(const AttentionKernels& kernels) {
  return std::string(dtype_name(kernels.q)) + " " + std::string(dtype_name(kernels.kv)) + " " +
         std::string(dtype_name(kernels.out)) + " " + std::string(isa_name(kernels.isa));
}

AttentionProblem::AttentionProblem(const AttentionKernels& kernels, const AttentionSizes& n, std::size_t misalign)
    : sizes(n),
      q(kernels.q, {n.b, n.t, n.h, n.d}, {n.t * (n.h + 1) * n.d, (n.h + 1) * n.d, n.d, 1},
        misalign * element_bytes(kernels.q)),
      k(kernels.kv, {n.b, n.s, n.hkv, n.d}, {n.s * (2 * n.hkv * n.d + 2), 2 * n.hkv * n.d + 2, n.d, 1},
        misalign * element_bytes(kernels.kv)),
      v(kernels.kv, {n.b, n.s, n.hkv, n.d}, {}, misalign * element_bytes(kernels.kv)),
      y(kernels.out, {n.b, n.t, n.h, n.d}, {n.t * (n.h * n.d + 3), n.h * n.d + 3, n.d, 1},
        misalign * element_bytes(kernels.out)) {
  q.randomise(1, 2.0);
  k.randomise(2, 2.0);
  v.randomise(3);
}

Attention AttentionProblem::args(bool causal) {
  return {.q = q.view(),
          .k = k.view(),
          .v = v.view(),
          .y = y.view(),
          .scale = 1.0f / std::sqrt(static_cast<float>(sizes.d)),
          .causal = causal};
}

}  // namespace candor::test
