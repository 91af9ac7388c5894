// The same for blocks of 256: q4_k, q5_k, q6_k. Work goes in halves of 128 k, the chunk of the matmul driver.
#pragma once

#include "backend/cpu/quant/dequantize_tile-inl.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

inline constexpr std::int64_t kHalf = 128;

/// Steps and offsets of the four sub-blocks of one half of a q4_k or q5_k block.
struct SubBlockScales {
  F32x16 step[4], offset[4];
};

/// The first 16 bytes of each block: d, dmin and the twelve bytes of 6-bit scales (core/blocks.h, sub_block_scale).
CANDOR_INLINE SubBlockScales sub_block_scales(const TileRows& rows, std::int64_t at, bool second_half) {
  const DwordColumns head = dword_columns(rows, at);
  const F32x16 d = f16_to_f32(head.v[0]), dmin = f16_to_f32(shift_right<16>(head.v[0]));
  I32x16 scales = head.v[1], minima = head.v[2], nibbles = head.v[3];
  const I32x16 six = set1_i32(63), four = set1_i32(15), top = set1_i32(48);
  SubBlockScales result;
  for (int j = 0; j < 4; ++j) {
    I32x16 scale = bit_and(scales, six), minimum = bit_and(minima, six);
    if (second_half) {
      scale = bit_or(bit_and(nibbles, four), bit_and(shift_right<2>(scales), top));
      minimum = bit_or(bit_and(shift_right<4>(nibbles), four), bit_and(shift_right<2>(minima), top));
    }
    result.step[j] = mul(d, to_f32(scale));
    result.offset[j] = neg(mul(dmin, to_f32(minimum)));
    scales = shift_right<8>(scales);
    minima = shift_right<8>(minima);
    nibbles = shift_right<8>(nibbles);
  }
  return result;
}

/// 128 k of q4_k (kFifth false) or q5_k. Bytes 32c … of the half hold sub-blocks 2c (low nibbles) and 2c + 1.
template <bool kFifth>
CANDOR_INLINE void put_sub_blocks(const TileRows& rows, std::int64_t at, std::int64_t half, float* out) {
  const SubBlockScales scales = sub_block_scales(rows, at, half == 1);
  const std::int64_t qh = at + 16, qs = at + (kFifth ? 48 : 16) + half * 64;
  const I32x16 nibble = set1_i32(15), sixteen = set1_i32(16);
  DwordColumns block, high;
  CANDOR_UNROLL
  for (std::int64_t i = 0; i < 64; i += 4) {  // byte i of the half
    const std::int64_t c = i / 32, k = c * 64 + i % 32;
    if (i % 16 == 0) block = dword_columns(rows, qs + i);
    if (kFifth && i % 16 == 0) high = dword_columns(rows, qh + i % 32);
    I32x16 bytes = block.v[i / 4 % 4];
    I32x16 fifth = kFifth ? high.v[i / 4 % 4] : set1_i32(0);
    if (half == 1) fifth = shift_right<4>(fifth);  // bit j of a byte belongs to sub-block j = 4 half + 2c (+ 1)
    if (c == 1) fifth = shift_right<2>(fifth);
    for (std::int64_t b = 0; b < 4; ++b) {
      I32x16 low = bit_and(bytes, nibble), up = bit_and(shift_right<4>(bytes), nibble);
      if (kFifth) {
        low = bit_or(low, bit_and(shift_left<4>(fifth), sixteen));
        up = bit_or(up, bit_and(shift_left<3>(fifth), sixteen));
      }
      store_k(out, k + b, fma(scales.step[2 * c], to_f32(low), scales.offset[2 * c]));
      store_k(out, k + b + 32, fma(scales.step[2 * c + 1], to_f32(up), scales.offset[2 * c + 1]));
      bytes = shift_right<8>(bytes);
      fifth = shift_right<8>(fifth);
    }
  }
}

CANDOR_INLINE void put_half(const BlockQ4_K*, const TileRows& rows, std::int64_t at, std::int64_t half, float* out) {
  put_sub_blocks<false>(rows, at, half, out);
}
CANDOR_INLINE void put_half(const BlockQ5_K*, const TileRows& rows, std::int64_t at, std::int64_t half, float* out) {
  put_sub_blocks<true>(rows, at, half, out);
}

/// Steps of the eight runs of 16 k of one half of a q6_k block.
struct RunScales {
  F32x16 step[8];
};

CANDOR_INLINE RunScales run_scales(const TileRows& rows, std::int64_t at, std::int64_t half) {
  const F32x16 d = row_scales(rows, at + 208);
  RunScales result;
  for (int word = 0; word < 2; ++word) {
    I32x16 bytes = row_values<std::uint32_t>(rows, at + 192 + half * 8 + word * 4);
    for (int b = 0; b < 4; ++b) {
      result.step[word * 4 + b] = mul(d, to_f32(shift_right_signed<24>(shift_left<24>(bytes))));
      bytes = shift_right<8>(bytes);
    }
  }
  return result;
}

/// Run r of 32 k takes nibbles of ql bytes 32 (r % 2) … and bits 2r, 2r + 1 of qh.
CANDOR_INLINE void put_half(const BlockQ6_K*, const TileRows& rows, std::int64_t at, std::int64_t half, float* out) {
  const RunScales scales = run_scales(rows, at, half);
  const I32x16 nibble = set1_i32(15), top = set1_i32(48), zero_point = set1_i32(32);
  const auto value = [&](I32x16 low, I32x16 high, F32x16 step) {
    return mul(step, to_f32(sub(bit_or(bit_and(low, nibble), bit_and(high, top)), zero_point)));
  };
  DwordColumns first, second, high;
  CANDOR_UNROLL
  for (std::int64_t i = 0; i < 32; i += 4) {
    if (i % 16 == 0) {
      first = dword_columns(rows, at + half * 64 + i);
      second = dword_columns(rows, at + half * 64 + 32 + i);
      high = dword_columns(rows, at + 128 + half * 32 + i);
    }
    I32x16 ql0 = first.v[i / 4 % 4], ql1 = second.v[i / 4 % 4], qh = high.v[i / 4 % 4];
    const std::int64_t s = i / 16;
    for (std::int64_t b = 0; b < 4; ++b) {
      store_k(out, i + b, value(ql0, shift_left<4>(qh), scales.step[s]));
      store_k(out, i + b + 32, value(ql1, shift_left<2>(qh), scales.step[2 + s]));
      store_k(out, i + b + 64, value(shift_right<4>(ql0), qh, scales.step[4 + s]));
      store_k(out, i + b + 96, value(shift_right<4>(ql1), shift_right<2>(qh), scales.step[6 + s]));
      ql0 = shift_right<8>(ql0);
      ql1 = shift_right<8>(ql1);
      qh = shift_right<8>(qh);
    }
  }
}

/// Super-blocks that `count` k touch.
CANDOR_INLINE std::int64_t ceil_blocks(std::int64_t count) {
  return (count + kSuperBlockElements - 1) / kSuperBlockElements;
}

/// k0 … k0 + count of the rows of one tile; both are multiples of 128.
template <class Block>
void dequantize_super_tile(const ConstView& weight, std::int64_t tile, std::int64_t k0, std::int64_t count, void* out) {
  constexpr std::int64_t kBytes = sizeof(Block);
  const std::int64_t row_bytes = weight.stride[0] / kSuperBlockElements * kBytes;
  const TileRows rows = tile_rows(weight, tile, row_bytes);
  if (k0 % kSuperBlockElements == 0)
    fetch_next_tile(rows, row_bytes, k0 / kSuperBlockElements * kBytes, ceil_blocks(count) * kBytes);
  auto* values = static_cast<float*>(out);
  for (std::int64_t k = 0; k < count; k += kHalf) {
    const std::int64_t block = (k0 + k) / kSuperBlockElements, half = (k0 + k) / kHalf % 2;
    put_half(static_cast<const Block*>(nullptr), rows, block * kBytes, half, values + k * kLanes);
  }
}

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
