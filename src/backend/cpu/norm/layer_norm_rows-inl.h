// One row after the other, each by one worker; mean first, then the variance around it.
#pragma once

#include "backend/cpu/norm/rows-inl.h"
#include "kernels/layer_norm.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

template <class A, class B, class Out>
CANDOR_INLINE void layer_norm_row(const A* x, const B* weight, const B* bias, Out* y, std::int64_t columns, float eps) {
  const F32x16 count = set1(static_cast<float>(columns));
  const F32x16 mean = div(set1(sum_row(columns, [x](F32x16 sum, std::int64_t i, std::int64_t n) {
    return add(sum, load_upto(x + i, n));
  })), count);
  const F32x16 variance = div(set1(sum_row(columns, [x, mean](F32x16 sum, std::int64_t i, std::int64_t n) {
    F32x16 d = sub(load_upto(x + i, n), mean);
    if (n < kLanes) d = keep_first(d, n);
    return fma(d, d, sum);
  })), count);
  const F32x16 scale = div(set1(1.0f), sqrt(add(variance, set1(eps))));
  for (std::int64_t i = 0; i < columns; i += kLanes) {
    const std::int64_t n = columns - i;
    const F32x16 unit = mul(sub(load_upto(x + i, n), mean), scale);
    const F32x16 w = load_upto(weight + i, n);
    const F32x16 value = bias == nullptr ? mul(unit, w) : fma(unit, w, load_upto(bias + i, n));
    store_upto(y + i, canonical_nan(value), n);
  }
}

template <class A, class B, class Out> CANDOR_INLINE void layer_norm_rows(const LayerNorm& args, Stream& stream) {
  const std::int64_t columns = args.x.shape[1];
  const bool has_residual = args.residual.present();
  const B* weight = args.weight.as<B>();
  const B* bias = args.bias.present() ? args.bias.as<B>() : nullptr;
  parallel_ranges(stream, args.x.shape[0], row_grain(columns), [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t r = begin; r < end; ++r) {
      const A* x = row_of<A>(args.x, r);
      if (has_residual) {
        A* sum = row_of<A>(args.sum, r);
        add_rows(x, row_of<A>(args.residual, r), sum, columns);
        x = sum;
      }
      layer_norm_row(x, weight, bias, row_of<Out>(args.y, r), columns, args.eps);
    }
  });
}

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
