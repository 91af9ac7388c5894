// The largest element of each row: its value first, then the first place that holds it. A NaN is larger than every
// number.
#pragma once

#include "backend/cpu/simd/parallel-inl.h"
#include "backend/cpu/simd/simd.h"
#include "core/formats.h"
#include "kernels/selection.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

/// Element i of a row, widened.
CANDOR_INLINE float element(const float* x, std::int64_t i) { return load_one(x + i); }
CANDOR_INLINE float element(const Bf16* x, std::int64_t i) { return bf16_bits_to_f32(x[i].bits); }
CANDOR_INLINE float element(const F16* x, std::int64_t i) { return f16_bits_to_f32(x[i].bits); }

/// True when `a` stands before `b`: larger, or NaN against a number.
CANDOR_INLINE bool ranks_above(float a, float b) { return a > b || (a != a && b == b); }

/// The first element that is NaN (kNaN), or not below `maximum`; -1 when there is none.
template <bool kNaN, class T>
CANDOR_INLINE std::int64_t first_place(const T* x, std::int64_t columns, float maximum) {
  const F32x16 sought = set1(maximum);
  std::int64_t i = 0;
  for (; i + kLanes <= columns; i += kLanes) {
    const F32x16 v = load(x + i);
    const F32x16 found = kNaN ? select(is_nan(v), set1(1.0f), zero()) : select(less(v, sought), zero(), set1(1.0f));
    if (!any(less(zero(), found))) continue;
    alignas(64) float lanes[kLanes];
    store(lanes, found);
    int lane = 0;
    while (lanes[lane] == 0.0f) ++lane;
    return i + lane;
  }
  for (; i < columns; ++i) {
    const float v = element(x, i);
    if (kNaN ? v != v : !(v < maximum)) return i;
  }
  return -1;
}

template <class T>
CANDOR_INLINE std::int64_t argmax_row(const T* x, std::int64_t columns) {
  F32x16 largest = set1(-__builtin_inff()), nans = zero();
  std::int64_t i = 0;
  for (; i + kLanes <= columns; i += kLanes) {
    const F32x16 v = load(x + i);
    largest = max(v, largest);  // a NaN in v leaves `largest` as it is
    nans = select(is_nan(v), v, nans);
  }
  bool has_nan = any(is_nan(nans));
  float maximum = reduce_max(largest);
  for (; i < columns; ++i) {
    const float v = element(x, i);
    has_nan = has_nan || v != v;
    maximum = v > maximum ? v : maximum;
  }
  const std::int64_t place = has_nan ? first_place<true>(x, columns, 0.0f) : first_place<false>(x, columns, maximum);
  return place < 0 ? 0 : place;
}

template <class T>
CANDOR_INLINE void argmax_scan(const Argmax& args, Stream& stream) {
  const std::int64_t columns = args.x.shape[1];
  auto* indices = args.indices.as<std::int32_t>();
  parallel_ranges(stream, args.x.shape[0], 65536 / (columns + 1) + 1, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t r = begin; r < end; ++r) {
      const T* x = args.x.as<T>() + r * args.x.stride[0];
      store_one(indices + r * args.indices.stride[0], static_cast<std::int32_t>(argmax_row(x, columns)));
    }
  });
}

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
