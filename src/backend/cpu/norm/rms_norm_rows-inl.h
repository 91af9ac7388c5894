// One row after the other, each by one worker. With a residual the stored (rounded) sum is what is normalised.
#pragma once

#include "backend/cpu/norm/rows-inl.h"
#include "kernels/rms_norm.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

template <class A, class B, class Out>
CANDOR_INLINE void rms_norm_row(const A* x, const B* weight, Out* y, std::int64_t columns, float eps) {
  const float squares = sum_row(columns, [x](F32x16 sum, std::int64_t i, std::int64_t n) {
    const F32x16 v = load_upto(x + i, n);
    return fma(v, v, sum);
  });
  const F32x16 mean = div(set1(squares), set1(static_cast<float>(columns)));
  const F32x16 scale = div(set1(1.0f), sqrt(add(mean, set1(eps))));
  for (std::int64_t i = 0; i < columns; i += kLanes) {
    const std::int64_t n = columns - i;
    const F32x16 value = mul(mul(load_upto(x + i, n), scale), load_upto(weight + i, n));
    store_upto(y + i, canonical_nan(value), n);
  }
}

template <class A, class B, class Out> CANDOR_INLINE void rms_norm_rows(const RmsNorm& args, Stream& stream) {
  const std::int64_t columns = args.x.shape[1];
  const bool has_residual = args.residual.present();
  const B* weight = args.weight.as<B>();
  parallel_ranges(stream, args.x.shape[0], row_grain(columns), [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t r = begin; r < end; ++r) {
      const A* x = row_of<A>(args.x, r);
      if (has_residual) {
        A* sum = row_of<A>(args.sum, r);
        add_rows(x, row_of<A>(args.residual, r), sum, columns);
        x = sum;
      }
      rms_norm_row(x, weight, row_of<Out>(args.y, r), columns, args.eps);
    }
  });
}

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
