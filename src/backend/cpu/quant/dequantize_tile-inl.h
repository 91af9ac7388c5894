// Sixteen rows of a block format to an f32 tile [k][16 rows]: the values of core/blocks.h, one row per lane. Bytes are
// turned four at a time, so that scales and quants of sixteen rows meet in one vector and nothing is gathered.
#pragma once

#include "backend/cpu/matmul/tile_rows-inl.h"
#include "backend/cpu/simd/i32x16.h"
#include "core/blocks.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

/// f16 scales that lie at `offset` in each row.
CANDOR_INLINE F32x16 row_scales(const TileRows& rows, std::int64_t offset) {
  std::uint16_t bits[kTileRows];
  for (int i = 0; i < kTileRows; ++i) __builtin_memcpy(bits + i, rows.row[i] + offset, 2);
  return load_f16(bits);
}

/// Four bytes that lie at `offset` in each row.
CANDOR_INLINE I32x16 row_dwords(const TileRows& rows, std::int64_t offset) {
  std::uint32_t bits[kTileRows];
  for (int i = 0; i < kTileRows; ++i) __builtin_memcpy(bits + i, rows.row[i] + offset, 4);
  return load_i32(bits);
}

CANDOR_INLINE void store_k(float* out, std::int64_t k, F32x16 x) { store(out + k * kLanes, x); }

/// How q becomes a value: value(q) is called with quants of one k and the lanes' scales at hand.
struct Scaled {
  F32x16 d;
  __attribute__((always_inline)) F32x16 value(I32x16 q) const { return mul(d, to_f32(q)); }
};
struct ScaledFromZero {
  F32x16 d;
  int zero_point;
  __attribute__((always_inline)) F32x16 value(I32x16 q) const { return mul(d, to_f32(sub(q, set1_i32(zero_point)))); }
};
struct ScaledAndMoved {
  F32x16 d, m;
  __attribute__((always_inline)) F32x16 value(I32x16 q) const { return fma(d, to_f32(q), m); }
};

/// 16 bytes at `offset` of each row: low nibbles are k = 0 … 15, high nibbles k = 16 … 31. `fifth` holds bit 5 of each
/// k, or zeros.
template <class Scale>
CANDOR_INLINE void put_nibbles(const TileRows& rows, std::int64_t offset, I32x16 fifth, const Scale& scale,
                               float* out) {
  const I32x16 nibble = set1_i32(15), sixteen = set1_i32(16);
  DwordBlock block;
  transpose_dwords(rows, offset, block);
  I32x16 fifth_low = shift_left<4>(fifth), fifth_high = shift_right<12>(fifth);
  for (std::int64_t k = 0; k < 16; k += 4) {
    I32x16 bytes = load_i32(block.v[k / 4]);
    for (std::int64_t b = 0; b < 4; ++b) {
      const I32x16 low = bit_or(bit_and(bytes, nibble), bit_and(fifth_low, sixteen));
      const I32x16 high = bit_or(bit_and(shift_right<4>(bytes), nibble), bit_and(fifth_high, sixteen));
      store_k(out, k + b, scale.value(low));
      store_k(out, k + b + 16, scale.value(high));
      bytes = shift_right<8>(bytes);
      fifth_low = shift_right<1>(fifth_low);
      fifth_high = shift_right<1>(fifth_high);
    }
  }
}

// One block of 32 k that starts at byte `at` of each row.
CANDOR_INLINE void put_block(const BlockQ4_0*, const TileRows& rows, std::int64_t at, float* out) {
  put_nibbles(rows, at + 2, set1_i32(0), ScaledFromZero{row_scales(rows, at), 8}, out);
}
CANDOR_INLINE void put_block(const BlockQ4_1*, const TileRows& rows, std::int64_t at, float* out) {
  put_nibbles(rows, at + 4, set1_i32(0), ScaledAndMoved{row_scales(rows, at), row_scales(rows, at + 2)}, out);
}
CANDOR_INLINE void put_block(const BlockQ5_0*, const TileRows& rows, std::int64_t at, float* out) {
  put_nibbles(rows, at + 6, row_dwords(rows, at + 2), ScaledFromZero{row_scales(rows, at), 16}, out);
}
CANDOR_INLINE void put_block(const BlockQ5_1*, const TileRows& rows, std::int64_t at, float* out) {
  const ScaledAndMoved scale = {row_scales(rows, at), row_scales(rows, at + 2)};
  put_nibbles(rows, at + 8, row_dwords(rows, at + 4), scale, out);
}
CANDOR_INLINE void put_block(const BlockQ8_0*, const TileRows& rows, std::int64_t at, float* out) {
  const Scaled scale = {row_scales(rows, at)};
  DwordBlock block;
  for (std::int64_t k = 0; k < 32; k += 4) {
    if (k % 16 == 0) transpose_dwords(rows, at + 2 + k, block);
    I32x16 bytes = load_i32(block.v[k / 4 % 4]);
    for (std::int64_t b = 0; b < 4; ++b) {
      store_k(out, k + b, scale.value(shift_right_signed<24>(shift_left<24>(bytes))));
      bytes = shift_right<8>(bytes);
    }
  }
}

/// k0 … k0 + count of the rows of one tile; both are multiples of 32.
template <class Block>
void dequantize_tile(const ConstView& weight, std::int64_t tile, std::int64_t k0, std::int64_t count, void* out) {
  constexpr std::int64_t kBytes = sizeof(Block);
  const TileRows rows = tile_rows(weight, tile, weight.stride[0] / kBlockElements * kBytes);
  auto* values = static_cast<float*>(out);
  for (std::int64_t k = 0; k < count; k += kBlockElements)
    put_block(static_cast<const Block*>(nullptr), rows, (k0 + k) / kBlockElements * kBytes, values + k * kLanes);
}

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
