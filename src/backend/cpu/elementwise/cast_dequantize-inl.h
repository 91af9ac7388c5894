// Blocks to f32, f16 or bf16: the value that core/blocks.h defines, then one rounding. Both sides contiguous.
#pragma once

#include "backend/cpu/simd/parallel-inl.h"
#include "backend/cpu/simd/simd.h"
#include "core/blocks.h"
#include "kernels/elementwise.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

/// dequantize_block() of core/blocks.h, whose bits these are: products are exact, so a fused addition rounds alike.
template <class Block> CANDOR_INLINE void block_values(const Block& block, float* y) { dequantize_block(block, y); }

CANDOR_INLINE void block_values(const BlockQ4_0& block, float* y) {
  const F32x16 d = set1(block_scale(block.d)), eight = set1(8.0f);
  F32x16 low, high;
  load_nibbles(block.qs, low, high);
  store(y, mul(sub(low, eight), d));
  store(y + kLanes, mul(sub(high, eight), d));
}

CANDOR_INLINE void block_values(const BlockQ4_1& block, float* y) {
  const F32x16 d = set1(block_scale(block.d)), m = set1(block_scale(block.m));
  F32x16 low, high;
  load_nibbles(block.qs, low, high);
  store(y, add(mul(low, d), m));
  store(y + kLanes, add(mul(high, d), m));
}

CANDOR_INLINE void block_values(const BlockQ8_0& block, float* y) {
  const F32x16 d = set1(block_scale(block.d));
  for (int i = 0; i < 32; i += kLanes) store(y + i, mul(load_i8(block.qs + i), d));
}

CANDOR_INLINE void block_values(const BlockQ4_K& block, float* y) {
  const float d = block_scale(block.d), dmin = block_scale(block.dmin);
  for (int c = 0; c < 4; ++c) {  // 32 bytes: sub-block 2c in the low nibbles, 2c + 1 in the high ones
    int scale[2], minimum[2];
    for (int s = 0; s < 2; ++s) sub_block_scale(block.scales, 2 * c + s, scale[s], minimum[s]);
    const F32x16 step0 = set1(d * static_cast<float>(scale[0])), step1 = set1(d * static_cast<float>(scale[1]));
    const F32x16 offset0 = set1(dmin * static_cast<float>(minimum[0])),
                 offset1 = set1(dmin * static_cast<float>(minimum[1]));
    for (int i = 0; i < 32; i += kLanes) {
      F32x16 low, high;
      load_nibbles(block.qs + 32 * c + i, low, high);
      store(y + 64 * c + i, sub(mul(low, step0), offset0));
      store(y + 64 * c + 32 + i, sub(mul(high, step1), offset1));
    }
  }
}

CANDOR_INLINE void block_values(const BlockQ5_K& block, float* y) {
  const float d = block_scale(block.d), dmin = block_scale(block.dmin);
  for (int j = 0; j < 8; ++j) {
    int scale = 0, minimum = 0;
    sub_block_scale(block.scales, j, scale, minimum);
    const F32x16 step = set1(d * static_cast<float>(scale)), offset = set1(dmin * static_cast<float>(minimum));
    const std::uint8_t* qs = block.qs + j / 2 * 32;
    const int shift = j % 2 * 4;
    alignas(64) std::int8_t q[32];
    for (int i = 0; i < 32; ++i) q[i] = static_cast<std::int8_t>((qs[i] >> shift & 15) | (block.qh[i] >> j & 1) << 4);
    for (int i = 0; i < 32; i += kLanes) store(y + 32 * j + i, sub(mul(load_i8(q + i), step), offset));
  }
}

CANDOR_INLINE void block_values(const BlockQ6_K& block, float* y) {
  const float d = block_scale(block.d);
  for (int run = 0; run < 8; ++run) {
    const int half = run / 4, r = run % 4, shift = r / 2 * 4;
    const std::uint8_t* ql = block.ql + half * 64 + r % 2 * 32;
    const std::uint8_t* qh = block.qh + half * 32;
    alignas(64) std::int8_t q[32];
    for (int i = 0; i < 32; ++i) {
      q[i] = static_cast<std::int8_t>(((ql[i] >> shift & 15) | (qh[i] >> (2 * r) & 3) << 4) - 32);
    }
    for (int i = 0; i < 2; ++i) {
      const F32x16 step = set1(d * static_cast<float>(block.scales[2 * run + i]));
      store(y + 32 * run + kLanes * i, mul(load_i8(q + kLanes * i), step));
    }
  }
}

CANDOR_INLINE void store_values(float* y, const float* x, int n) { __builtin_memcpy(y, x, sizeof(float) * n); }
template <class To> CANDOR_INLINE void store_values(To* y, const float* x, int n) {
  for (int i = 0; i < n; i += kLanes) store(y + i, load(x + i));
}

template <DType kBlock, class To> CANDOR_INLINE void dequantize_run(const void* blocks, std::int64_t count, To* y) {
  constexpr int kElements = BlockOf<kBlock>::elements;
  const auto* block = static_cast<const typename BlockOf<kBlock>::type*>(blocks);
  for (std::int64_t i = 0; i < count; ++i) {
    alignas(64) float values[kElements];
    block_values(block[i], values);
    store_values(y + i * kElements, values, kElements);
  }
}

template <DType kBlock, class To> CANDOR_INLINE void cast_dequantize(const Cast& args, Stream& stream) {
  constexpr std::int64_t kElements = BlockOf<kBlock>::elements;
  const auto* blocks = args.x.as<typename BlockOf<kBlock>::type>();
  To* y = args.y.template as<To>();
  parallel_ranges(stream, args.y.elements() / kElements, 8192 / kElements,
                  [&](std::int64_t begin, std::int64_t end, int) {
                    dequantize_run<kBlock>(blocks + begin, end - begin, y + begin * kElements);
                  });
}

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
