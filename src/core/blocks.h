// Block formats: bytes of one block, and the scalar dequantization that every kernel must equal bit for bit.
// Header-only and always inlined, so that per-ISA translation units may use it. Tested in tests/core/blocks_test.cpp.
//
// Scales are f16 (11 significant bits, a multiple of 2^-24, at most 65504), widened exactly to f32 (24 bits). In every
// formula below the products fit 24 bits, so f32 forms them exactly, in any order; where an offset is added, that one
// addition is the only rounding. A fused multiply-add gives the same bits as the multiplication and the addition
// written here, so a kernel may use either. Values are multiples of 2^-24: no result is an f32 subnormal, and the
// thread's denormal mode does not matter.
#pragma once

#include <cstdint>

#include "core/formats.h"
#include "core/view.h"

namespace candor {

inline constexpr int kBlockElements = 32;        // q4_0 q4_1 q5_0 q5_1 q8_0
inline constexpr int kSuperBlockElements = 256;  // q4_k q5_k q6_k

// Little-endian bytes; every struct has alignment 1, as rows of a mapped file do.
struct BlockQ4_0 { std::uint8_t d[2]; std::uint8_t qs[16]; };
struct BlockQ4_1 { std::uint8_t d[2]; std::uint8_t m[2]; std::uint8_t qs[16]; };
struct BlockQ5_0 { std::uint8_t d[2]; std::uint8_t qh[4]; std::uint8_t qs[16]; };
struct BlockQ5_1 { std::uint8_t d[2]; std::uint8_t m[2]; std::uint8_t qh[4]; std::uint8_t qs[16]; };
struct BlockQ8_0 { std::uint8_t d[2]; std::int8_t qs[32]; };
struct BlockQ4_K { std::uint8_t d[2]; std::uint8_t dmin[2]; std::uint8_t scales[12]; std::uint8_t qs[128]; };
struct BlockQ5_K {
  std::uint8_t d[2]; std::uint8_t dmin[2]; std::uint8_t scales[12]; std::uint8_t qh[32]; std::uint8_t qs[128];
};
struct BlockQ6_K { std::uint8_t ql[128]; std::uint8_t qh[64]; std::int8_t scales[16]; std::uint8_t d[2]; };

static_assert(sizeof(BlockQ4_0) == 18 && sizeof(BlockQ4_1) == 20 && sizeof(BlockQ5_0) == 22 && sizeof(BlockQ5_1) == 24);
static_assert(sizeof(BlockQ8_0) == 34 && sizeof(BlockQ4_K) == 144);
static_assert(sizeof(BlockQ5_K) == 176 && sizeof(BlockQ6_K) == 210);
static_assert(alignof(BlockQ4_0) == 1 && alignof(BlockQ8_0) == 1 && alignof(BlockQ4_K) == 1 && alignof(BlockQ6_K) == 1);

/// A stored f16 scale.
CANDOR_ALWAYS_INLINE float block_scale(const std::uint8_t* bytes) {
  return f16_bits_to_f32(static_cast<std::uint16_t>(bytes[0] | bytes[1] << 8));
}

/// q4_0: y = d * (q - 8).  11 + 4 bits: exact. Low nibbles are elements 0 … 15, high nibbles 16 … 31.
CANDOR_ALWAYS_INLINE void dequantize_block(const BlockQ4_0& block, float* y) {
  const float d = block_scale(block.d);
  for (int i = 0; i < 16; ++i) {
    y[i] = d * static_cast<float>((block.qs[i] & 15) - 8);
    y[i + 16] = d * static_cast<float>((block.qs[i] >> 4) - 8);
  }
}

/// q4_1: y = d * q + m.  d * q has 11 + 4 bits: exact; one rounding in the sum.
CANDOR_ALWAYS_INLINE void dequantize_block(const BlockQ4_1& block, float* y) {
  const float d = block_scale(block.d), m = block_scale(block.m);
  for (int i = 0; i < 16; ++i) {
    y[i] = d * static_cast<float>(block.qs[i] & 15) + m;
    y[i + 16] = d * static_cast<float>(block.qs[i] >> 4) + m;
  }
}

/// The fifth bits of a q5_0 or q5_1 block: bit i belongs to element i.
CANDOR_ALWAYS_INLINE std::uint32_t fifth_bits(const std::uint8_t* qh) {
  return qh[0] | static_cast<std::uint32_t>(qh[1]) << 8 | static_cast<std::uint32_t>(qh[2]) << 16 |
         static_cast<std::uint32_t>(qh[3]) << 24;
}

/// q5_0: y = d * (q - 16).  11 + 5 bits: exact.
CANDOR_ALWAYS_INLINE void dequantize_block(const BlockQ5_0& block, float* y) {
  const float d = block_scale(block.d);
  const std::uint32_t high = fifth_bits(block.qh);
  for (int i = 0; i < 16; ++i) {
    y[i] = d * static_cast<float>(static_cast<int>((block.qs[i] & 15u) | (high >> i & 1u) << 4) - 16);
    y[i + 16] = d * static_cast<float>(static_cast<int>((block.qs[i] >> 4u) | (high >> (i + 16) & 1u) << 4) - 16);
  }
}

/// q5_1: y = d * q + m.  d * q has 11 + 5 bits: exact; one rounding in the sum.
CANDOR_ALWAYS_INLINE void dequantize_block(const BlockQ5_1& block, float* y) {
  const float d = block_scale(block.d), m = block_scale(block.m);
  const std::uint32_t high = fifth_bits(block.qh);
  for (int i = 0; i < 16; ++i) {
    y[i] = d * static_cast<float>(static_cast<int>((block.qs[i] & 15u) | (high >> i & 1u) << 4)) + m;
    y[i + 16] = d * static_cast<float>(static_cast<int>((block.qs[i] >> 4u) | (high >> (i + 16) & 1u) << 4)) + m;
  }
}

/// q8_0: y = d * q.  11 + 8 bits: exact.
CANDOR_ALWAYS_INLINE void dequantize_block(const BlockQ8_0& block, float* y) {
  const float d = block_scale(block.d);
  for (int i = 0; i < 32; ++i) y[i] = d * static_cast<float>(block.qs[i]);
}

/// The 6-bit scale and minimum of sub-block j (0 … 7) of q4_k and q5_k. Twelve bytes: 0 … 3 and 4 … 7 carry the first
/// four scales and minima in their low six bits; their top two bits complete the nibbles of bytes 8 … 11.
CANDOR_ALWAYS_INLINE void sub_block_scale(const std::uint8_t* scales, int j, int& scale, int& minimum) {
  if (j < 4) {
    scale = scales[j] & 63;
    minimum = scales[j + 4] & 63;
  } else {
    scale = (scales[j + 4] & 15) | (scales[j - 4] >> 6) << 4;
    minimum = (scales[j + 4] >> 4) | (scales[j] >> 6) << 4;
  }
}

/// q4_k: y = (d * scale) * q - dmin * minimum.  11 + 6 + 4 and 11 + 6 bits: products exact; one rounding in the
/// difference. Sub-blocks 2c and 2c + 1 are the low and the high nibbles of bytes 32c … 32c + 31.
CANDOR_ALWAYS_INLINE void dequantize_block(const BlockQ4_K& block, float* y) {
  const float d = block_scale(block.d), dmin = block_scale(block.dmin);
  for (int j = 0; j < 8; ++j) {
    int scale = 0, minimum = 0;
    sub_block_scale(block.scales, j, scale, minimum);
    const float step = d * static_cast<float>(scale), offset = dmin * static_cast<float>(minimum);
    const std::uint8_t* qs = block.qs + j / 2 * 32;
    const int shift = j % 2 * 4;
    for (int i = 0; i < 32; ++i) y[j * 32 + i] = step * static_cast<float>(qs[i] >> shift & 15) - offset;
  }
}

/// q5_k: as q4_k with five bits, 11 + 6 + 5; bit j of qh[i] is the fifth bit of element i of sub-block j.
CANDOR_ALWAYS_INLINE void dequantize_block(const BlockQ5_K& block, float* y) {
  const float d = block_scale(block.d), dmin = block_scale(block.dmin);
  for (int j = 0; j < 8; ++j) {
    int scale = 0, minimum = 0;
    sub_block_scale(block.scales, j, scale, minimum);
    const float step = d * static_cast<float>(scale), offset = dmin * static_cast<float>(minimum);
    const std::uint8_t* qs = block.qs + j / 2 * 32;
    const int shift = j % 2 * 4;
    for (int i = 0; i < 32; ++i) {
      const int q = (qs[i] >> shift & 15) | (block.qh[i] >> j & 1) << 4;
      y[j * 32 + i] = step * static_cast<float>(q) - offset;
    }
  }
}

/// q6_k: y = (d * scale) * (q - 32).  scale in [-128, 127] and q - 32 in [-32, 31]: 11 + 7 + 5 bits beside powers of
/// two: exact, no rounding at all. Each half of 128 elements is four runs of 32; run r takes bits 2r and 2r + 1 of qh.
CANDOR_ALWAYS_INLINE void dequantize_block(const BlockQ6_K& block, float* y) {
  const float d = block_scale(block.d);
  for (int run = 0; run < 8; ++run) {
    const int half = run / 4, r = run % 4;
    const std::uint8_t* ql = block.ql + half * 64 + r % 2 * 32;
    const std::uint8_t* qh = block.qh + half * 32;
    const int shift = r / 2 * 4;
    for (int i = 0; i < 32; ++i) {
      const int q = (ql[i] >> shift & 15) | (qh[i] >> (2 * r) & 3) << 4;
      const float step = d * static_cast<float>(block.scales[run * 2 + i / 16]);
      y[run * 32 + i] = step * static_cast<float>(q - 32);
    }
  }
}

/// The struct of a block dtype, for templates.
template <DType> struct BlockOf;
template <class Block, int kElements> struct BlockType {
  using type = Block;
  static constexpr int elements = kElements;
};
template <> struct BlockOf<DType::q4_0> : BlockType<BlockQ4_0, kBlockElements> {};
template <> struct BlockOf<DType::q4_1> : BlockType<BlockQ4_1, kBlockElements> {};
template <> struct BlockOf<DType::q5_0> : BlockType<BlockQ5_0, kBlockElements> {};
template <> struct BlockOf<DType::q5_1> : BlockType<BlockQ5_1, kBlockElements> {};
template <> struct BlockOf<DType::q8_0> : BlockType<BlockQ8_0, kBlockElements> {};
template <> struct BlockOf<DType::q4_k> : BlockType<BlockQ4_K, kSuperBlockElements> {};
template <> struct BlockOf<DType::q5_k> : BlockType<BlockQ5_K, kSuperBlockElements> {};
template <> struct BlockOf<DType::q6_k> : BlockType<BlockQ6_K, kSuperBlockElements> {};

/// Whole blocks to f32, for code outside per-ISA units. False: `dtype` is none of the eight above; y is untouched.
bool dequantize_blocks(DType dtype, const void* blocks, std::int64_t elements, float* y);

}  // namespace candor
