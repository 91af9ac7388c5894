// Row-major f32, f16 and bf16 weights to the packed layout of core/packed.h: bits move, padding is zero. The source is
// read once, sixteen whole rows at a time in rising order, so that a caller may pass slices of 16 · n rows of a mapped
// file and release its pages between calls.
#pragma once

#include "backend/cpu/matmul/tile_rows-inl.h"
#include "backend/cpu/simd/parallel-inl.h"
#include "kernels/pack_tiles.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

// One dword of each of 16 rows, from element k on, into a packed tile whose rows end at `k_end`.
CANDOR_INLINE void put_dword(float* tile, std::int64_t k, std::int64_t, const std::uint32_t* dwords) {
  __builtin_memcpy(tile + k * kTileRows, dwords, 64);
}
CANDOR_INLINE void put_dword(Bf16* tile, std::int64_t k, std::int64_t, const std::uint32_t* dwords) {
  __builtin_memcpy(tile + k * kTileRows, dwords, 64);
}
CANDOR_INLINE void put_dword(F16* tile, std::int64_t k, std::int64_t k_end, const std::uint32_t* dwords) {
  std::uint16_t low[kTileRows], high[kTileRows];
  split_pairs(dwords, low, high);
  __builtin_memcpy(tile + k * kTileRows, low, sizeof(low));
  if (k + 1 < k_end) __builtin_memcpy(tile + (k + 1) * kTileRows, high, sizeof(high));
}

/// Zeroes the lanes of rows that the matrix does not have.
CANDOR_INLINE void clear_missing_rows(DwordBlock& block, std::int64_t rows) {
  for (auto& dword : block.v)
    for (std::int64_t lane = rows; lane < kTileRows; ++lane) dword[lane] = 0;
}

template <class T>
void pack(const PackTiles& op, Stream& stream) {
  constexpr std::int64_t kPerDword = 4 / sizeof(T);
  const std::int64_t n = op.x.shape[0], k_extent = op.x.shape[1];
  const std::int64_t tile_elements = packed_tile_stride(op.y.dtype, k_extent);
  parallel_ranges(stream, packed_tiles(n), 1, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t tile = begin; tile < end; ++tile) {
      const TileRows rows = tile_rows(op.x, tile, op.x.stride[0] * static_cast<std::int64_t>(sizeof(T)));
      T* out = op.y.as<T>() + tile * tile_elements;
      for_each_block<T>(rows, 0, k_extent, [&](std::int64_t k, DwordBlock& block) {
        clear_missing_rows(block, n - tile * kTileRows);
        for (std::int64_t d = 0; d < 4 && k + d * kPerDword < k_extent; ++d)
          put_dword(out, k + d * kPerDword, k_extent, block.v[d]);
      });
    }
  });
}

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
