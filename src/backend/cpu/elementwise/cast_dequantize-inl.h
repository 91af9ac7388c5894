// Blocks to f32, f16 or bf16: the value that core/blocks.h defines, then one rounding. Both sides contiguous.
#pragma once

#include "backend/cpu/simd/parallel-inl.h"
#include "backend/cpu/simd/simd.h"
#include "core/blocks.h"
#include "kernels/elementwise.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

CANDOR_INLINE void store_values(float* y, const float* x, int n) { __builtin_memcpy(y, x, sizeof(float) * n); }
template <class To> CANDOR_INLINE void store_values(To* y, const float* x, int n) {
  for (int i = 0; i < n; i += kLanes) store(y + i, load(x + i));
}

template <DType kBlock, class To> CANDOR_INLINE void dequantize_run(const void* blocks, std::int64_t count, To* y) {
  constexpr int kElements = BlockOf<kBlock>::elements;
  const auto* block = static_cast<const typename BlockOf<kBlock>::type*>(blocks);
  for (std::int64_t i = 0; i < count; ++i) {
    alignas(64) float values[kElements];
    dequantize_block(block[i], values);
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
