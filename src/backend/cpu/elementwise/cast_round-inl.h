// y = x in another of f32, f16 and bf16: exact widening to f32, then one rounding. NaN: quiet, sign and payload kept.
#pragma once

#include "backend/cpu/elementwise/walk-inl.h"
#include "kernels/elementwise.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

template <class From, class To>
CANDOR_INLINE void cast_round(const Cast& args, Stream& stream) {
  const auto walk = make_walk<2>({&args.x, &args.y});
  const std::int64_t sx = walk.inner_stride(0), sy = walk.inner_stride(1);
  for_each_segment(stream, walk, args.y.elements(), [&](const std::int64_t* offset, std::int64_t n) {
    const From* x = args.x.as<From>() + offset[0];
    To* y = args.y.template as<To>() + offset[1];
    if (sx == 1 && sy == 1) {
      const std::int64_t whole = n / kLanes * kLanes;
      for (std::int64_t i = 0; i < whole; i += kLanes) store(y + i, cast_lanes<From, To>(load(x + i)));
      store_first(y + whole, cast_lanes<From, To>(load_first(x + whole, n - whole)), n - whole);
      return;
    }
    for (std::int64_t i = 0; i < n; i += kLanes) {
      store_strided(y + i * sy, sy, cast_lanes<From, To>(load_strided(x + i * sx, sx, n - i)), n - i);
    }
  });
}

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
