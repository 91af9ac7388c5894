// Rotates pairs of each head by table angles. y may be x itself: a pair is read before it is written.
#pragma once

#include "backend/cpu/simd/math-inl.h"
#include "backend/cpu/simd/parallel-inl.h"
#include "backend/cpu/simd/partial-inl.h"
#include "kernels/rope.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

/// (a, b) turned: (a cos - b sin, b cos + a sin).
CANDOR_INLINE void rotate(F32x16& a, F32x16& b, F32x16 cos, F32x16 sin) {
  const F32x16 first = fma(neg(b), sin, mul(a, cos));
  const F32x16 second = fma(a, sin, mul(b, cos));
  a = canonical_nan(first);
  b = canonical_nan(second);
}

template <class T>
CANDOR_INLINE void rotate_half_split(const T* x, const float* cos, const float* sin, T* y, std::int64_t pairs) {
  for (std::int64_t i = 0; i < pairs; i += kLanes) {
    const std::int64_t n = pairs - i;
    F32x16 a = load_upto(x + i, n), b = load_upto(x + pairs + i, n);
    rotate(a, b, load_upto(cos + i, n), load_upto(sin + i, n));
    store_upto(y + i, a, n);
    store_upto(y + pairs + i, b, n);
  }
}

/// Up to sixteen pairs (2i, 2i + 1).
template <class T>
CANDOR_INLINE void rotate_pairs(const T* x, const float* cos, const float* sin, T* y, std::int64_t n) {
  alignas(64) T even[kLanes] = {}, odd[kLanes] = {};
  for (std::int64_t j = 0; j < n; ++j) {
    even[j] = load_one(x + 2 * j);
    odd[j] = load_one(x + 2 * j + 1);
  }
  F32x16 a = load(even), b = load(odd);
  rotate(a, b, load_upto(cos, n), load_upto(sin, n));
  store(even, a);
  store(odd, b);
  for (std::int64_t j = 0; j < n; ++j) {
    store_one(y + 2 * j, even[j]);
    store_one(y + 2 * j + 1, odd[j]);
  }
}

template <class T>
CANDOR_INLINE void rotate_interleaved(const T* x, const float* cos, const float* sin, T* y, std::int64_t pairs) {
  std::int64_t i = 0;
  for (; i + kLanes <= pairs; i += kLanes) rotate_pairs(x + 2 * i, cos + i, sin + i, y + 2 * i, kLanes);
  if (i < pairs) rotate_pairs(x + 2 * i, cos + i, sin + i, y + 2 * i, pairs - i);
}

template <class T> CANDOR_INLINE void rope_rotate(const Rope& args, Stream& stream) {
  const std::int64_t heads = args.x.shape[1], dim = args.x.shape[2], pairs = args.cos.shape[1];
  const std::int64_t grain = dim > 0 && dim < 8192 ? 8192 / dim : 1;
  const bool half_split = args.style == RopeStyle::half_split;
  parallel_ranges(stream, args.x.shape[0] * heads, grain, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t r = begin; r < end; ++r) {
      const std::int64_t t = r / heads, h = r % heads;
      const T* x = args.x.as<T>() + t * args.x.stride[0] + h * args.x.stride[1];  // [D]
      T* y = args.y.template as<T>() + t * args.y.stride[0] + h * args.y.stride[1];
      const float* cos = args.cos.as<float>() + t * args.cos.stride[0];  // [R]
      const float* sin = args.sin.as<float>() + t * args.sin.stride[0];
      if (half_split) {
        rotate_half_split(x, cos, sin, y, pairs);
      } else {
        rotate_interleaved(x, cos, sin, y, pairs);
      }
      if (x != y) {
        for (std::int64_t d = 2 * pairs; d < dim; ++d) store_one(y + d, load_one(x + d));
      }
    }
  });
}

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
