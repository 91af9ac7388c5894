// Sixteen rows of a block format to an f32 tile [k][16 rows]: the values of core/blocks.h, one row per lane. Bytes are
// turned four at a time, so that scales and quants of sixteen rows meet in one vector and nothing is gathered.
#pragma once

#include "backend/cpu/quant/dword_columns-inl.h"
#include "backend/cpu/simd/unroll.h"
#include "core/blocks.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

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

/// Nibbles without a fifth bit.
struct NoFifth {
  __attribute__((always_inline)) I32x16 low(I32x16 nibbles) const { return nibbles; }
  __attribute__((always_inline)) I32x16 high(I32x16 nibbles) const { return nibbles; }
  __attribute__((always_inline)) void next() {}
};
/// Bit k of a row's dword belongs to element k.
struct FifthBits {
  I32x16 low_bits, high_bits;  // bit 4: of the next k, and of the one 16 later
  __attribute__((always_inline)) explicit FifthBits(I32x16 bits)
      : low_bits(shift_left<4>(bits)), high_bits(shift_right<12>(bits)) {}
  __attribute__((always_inline)) I32x16 low(I32x16 nibbles) const {
    return bit_or(nibbles, bit_and(low_bits, set1_i32(16)));
  }
  __attribute__((always_inline)) I32x16 high(I32x16 nibbles) const {
    return bit_or(nibbles, bit_and(high_bits, set1_i32(16)));
  }
  __attribute__((always_inline)) void next() {
    low_bits = shift_right<1>(low_bits);
    high_bits = shift_right<1>(high_bits);
  }
};

/// 16 bytes at `offset` of each row: low nibbles are k = 0 … 15, high nibbles k = 16 … 31.
template <class Fifth, class Scale>
CANDOR_INLINE void put_nibbles(const TileRows& rows, std::int64_t offset, Fifth fifth, const Scale& scale, float* out) {
  const I32x16 nibble = set1_i32(15);
  const DwordColumns block = dword_columns(rows, offset);
  CANDOR_UNROLL
  for (std::int64_t k = 0; k < 16; k += 4) {
    I32x16 bytes = block.v[k / 4];
    CANDOR_UNROLL
    for (std::int64_t b = 0; b < 4; ++b) {
      store_k(out, k + b, scale.value(fifth.low(bit_and(bytes, nibble))));
      store_k(out, k + b + 16, scale.value(fifth.high(bit_and(shift_right<4>(bytes), nibble))));
      bytes = shift_right<8>(bytes);
      fifth.next();
    }
  }
}

/// d and m, the first two f16 of each block.
CANDOR_INLINE ScaledAndMoved scale_and_offset(const TileRows& rows, std::int64_t at) {
  const I32x16 both = row_values<std::uint32_t>(rows, at);
  return {f16_to_f32(both), f16_to_f32(shift_right<16>(both))};
}

// One block of 32 k that starts at byte `at` of each row.
CANDOR_INLINE void put_block(const BlockQ4_0*, const TileRows& rows, std::int64_t at, float* out) {
  put_nibbles(rows, at + 2, NoFifth{}, ScaledFromZero{row_scales(rows, at), 8}, out);
}
CANDOR_INLINE void put_block(const BlockQ4_1*, const TileRows& rows, std::int64_t at, float* out) {
  put_nibbles(rows, at + 4, NoFifth{}, scale_and_offset(rows, at), out);
}
CANDOR_INLINE void put_block(const BlockQ5_0*, const TileRows& rows, std::int64_t at, float* out) {
  const FifthBits fifth(row_values<std::uint32_t>(rows, at + 2));
  put_nibbles(rows, at + 6, fifth, ScaledFromZero{row_scales(rows, at), 16}, out);
}
CANDOR_INLINE void put_block(const BlockQ5_1*, const TileRows& rows, std::int64_t at, float* out) {
  const FifthBits fifth(row_values<std::uint32_t>(rows, at + 4));
  put_nibbles(rows, at + 8, fifth, scale_and_offset(rows, at), out);
}
CANDOR_INLINE void put_block(const BlockQ8_0*, const TileRows& rows, std::int64_t at, float* out) {
  const Scaled scale = {row_scales(rows, at)};
  CANDOR_UNROLL
  for (std::int64_t half = 0; half < 32; half += 16) {
    const DwordColumns block = dword_columns(rows, at + 2 + half);
    CANDOR_UNROLL
    for (std::int64_t k = 0; k < 16; k += 4) {
      const I32x16 bytes = block.v[k / 4];
      float* to = out + (half + k) * kLanes;
      store_k(to, 0, scale.value(shift_right_signed<24>(shift_left<24>(bytes))));
      store_k(to, 1, scale.value(shift_right_signed<24>(shift_left<16>(bytes))));
      store_k(to, 2, scale.value(shift_right_signed<24>(shift_left<8>(bytes))));
      store_k(to, 3, scale.value(shift_right_signed<24>(bytes)));
    }
  }
}

/// The same k of the next tile, so that they are near when its turn comes: sixteen rows are more streams than the
/// processor's own prefetcher follows.
CANDOR_INLINE void fetch_next_tile(const TileRows& rows, std::int64_t row_bytes, std::int64_t at, std::int64_t bytes) {
  for (const std::byte* row : rows.row)
    for (std::int64_t line = 0; line < bytes; line += 64)
      _mm_prefetch(reinterpret_cast<const char*>(row + kTileRows * row_bytes + at + line), _MM_HINT_T1);
}

/// k0 … k0 + count of the rows of one tile; both are multiples of 32.
template <class Block>
void dequantize_tile(const ConstView& weight, std::int64_t tile, std::int64_t k0, std::int64_t count, void* out) {
  constexpr std::int64_t kBytes = sizeof(Block);
  const std::int64_t row_bytes = weight.stride[0] / kBlockElements * kBytes;
  const TileRows rows = tile_rows(weight, tile, row_bytes);
  fetch_next_tile(rows, row_bytes, k0 / kBlockElements * kBytes, count / kBlockElements * kBytes);
  auto* values = static_cast<float*>(out);
  for (std::int64_t k = 0; k < count; k += kBlockElements)
    put_block(static_cast<const Block*>(nullptr), rows, (k0 + k) / kBlockElements * kBytes, values + k * kLanes);
}

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
