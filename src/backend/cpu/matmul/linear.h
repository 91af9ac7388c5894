// One description for matmul, qkv_projection and gated_linear: outputs that share x. The driver (linear_driver-inl.h)
// runs it; a LinearKernels says what a storage pair contributes. No ISA here: the table is filled per ISA.
#pragma once

#include <cstdint>

#include "backend/cpu/matmul/accumulate.h"
#include "candor/op_kinds.h"
#include "core/view.h"
#include "kernels/stream.h"

namespace candor::cpu {

/// What depends on the storage dtypes of x and of the weights.
struct LinearKernels {
  /// `count` elements of a row of x into panel words; an odd count gets one zero more.
  void (*load_x)(const void* x, std::int64_t count, void* words);
  /// k per panel word: 1 (f32 panels) or 2 (bf16 pairs).
  std::int64_t k_per_word;
  /// Tiles that are multiplied where they lie, in the packed weights; null: weights are never packed (blocks).
  Accumulate packed;
  std::int64_t packed_pair_bytes;  // bytes of one pair of k of one packed tile
  /// `count` k of a packed tile, widened to an f32 tile; null: widening would gain nothing.
  void (*widen_packed)(const std::byte* tile, std::int64_t count, float* out);
  /// The same from row-major weights: rows 16 · tile …, k0 … k0 + count, into a tile that `gathered` multiplies.
  void (*gather)(const ConstView& weight, std::int64_t tile, std::int64_t k0, std::int64_t count, void* out);
  Accumulate widened;   // multiplies widen_packed's tiles
  Accumulate gathered;  // multiplies gather's tiles
};

/// One result. Two weights when gated: y = activation(x · w0ᵀ + b0) ⊙ (x · w1ᵀ + b1).
struct LinearOutput {
  ConstView weight[2];
  ConstView bias[2];
  View y;
};

struct LinearJob {
  ConstView x;  // [M, K]
  const LinearOutput* outputs;
  int output_count;
  int operands;  // weights per output
  Activation activation;
  const LinearKernels* kernels;
};

namespace baseline {
void run_linear(const LinearJob& job, Stream& stream);
}
namespace avx2 {
void run_linear(const LinearJob& job, Stream& stream);
}
namespace avx512 {
void run_linear(const LinearJob& job, Stream& stream);
}

}  // namespace candor::cpu
