// The kernels and the operands of the attention tests.
#pragma once

#include <string>
#include <vector>

#include "backend/cpu/attention/attention.h"
#include "kernels/kernel_row.h"
#include "tests/backend_cpu/operand.h"

namespace candor::test {

/// The kernels of one precision on one ISA.
struct AttentionKernels {
  DType q, kv, out;
  Isa isa;
  Launch<Attention> decode, flash;
};
const std::vector<AttentionKernels>& all_attention_kernels();
/// Those that this machine runs, from `lowest` up.
std::vector<AttentionKernels> attention_kernels(Isa lowest = Isa::baseline);

std::string describe(const AttentionKernels& kernels);

struct AttentionSizes {
  std::int64_t b, t, s, h, hkv, d;
};

/// Random q [B, T, H, D], k and v [B, S, Hkv, D]; y [B, T, H, D]. Rows of q, k and y are apart by gaps.
struct AttentionProblem {
  AttentionProblem(const AttentionKernels& kernels, const AttentionSizes& sizes, std::size_t misalign = 0);
  Attention args(bool causal = true);

  AttentionSizes sizes;
  Operand q, k, v, y;
};

}  // namespace candor::test
