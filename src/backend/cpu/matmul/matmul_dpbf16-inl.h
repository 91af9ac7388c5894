// bf16 × bf16 with VDPBF16PS: panels and tiles both hold pairs of k, and nothing is widened.
#pragma once

#include "backend/cpu/matmul/accumulate-inl.h"
#include "backend/cpu/matmul/linear.h"
#include "backend/cpu/matmul/tile_rows-inl.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

/// `count` elements of a row of x, and a zero after an odd count.
void copy_x(const void* x, std::int64_t count, void* words) {
  auto* out = static_cast<std::uint16_t*>(words);
  __builtin_memcpy(out, x, static_cast<std::size_t>(count) * sizeof(*out));
  if (count % 2 != 0) out[count] = 0;
}

/// Row-major weights to the packed format. The pair of an odd K is completed with zero.
void gather_pairs(const ConstView& weight, std::int64_t tile, std::int64_t k0, std::int64_t count, void* out) {
  const TileRows rows = tile_rows(weight, tile, weight.stride[0] * 2);
  auto* pairs = static_cast<std::uint32_t*>(out);
  for_each_block<Bf16>(rows, k0, count, [&](std::int64_t k, const DwordBlock& block) {
    for (std::int64_t d = 0; d < 4 && k + 2 * d < count; ++d)
      __builtin_memcpy(pairs + (k / 2 + d) * kTileRows, block.v[d], sizeof(block.v[d]));
  });
}

constexpr LinearKernels kDpbf16Kernels = {
    .load_x = copy_x,
    .k_per_word = 2,
    .packed = accumulate<Bf16PairTile>,
    .packed_pair_bytes = 64,
    .widen_packed = nullptr,
    .gather = gather_pairs,
    .widened = nullptr,
    .gathered = accumulate<Bf16PairTile>,
};

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
