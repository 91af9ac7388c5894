// exp(x - max) / sum, a row at a time; the exponentials wait in f32 scratch. A NaN reaches its whole row through the
// sum.
#pragma once

#include "backend/cpu/norm/rows-inl.h"
#include "kernels/softmax.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

/// The first n lanes; -infinity in the others.
template <class A>
CANDOR_INLINE F32x16 load_or_lowest(const A* x, std::int64_t n) {
  if (n >= kLanes) return load(x);
  alignas(64) float lanes[kLanes];
  store(lanes, load_first(x, n));
  for (std::int64_t i = n; i < kLanes; ++i) lanes[i] = -__builtin_inff();
  return load(lanes);
}

/// Of the row's numbers; a NaN may be lost here. It still reaches every result: its own exponential is NaN, and so is
/// the sum that all are divided by.
template <class A>
CANDOR_INLINE float row_maximum(const A* x, std::int64_t columns) {
  F32x16 largest = set1(-__builtin_inff());
  for (std::int64_t i = 0; i < columns; i += kLanes) largest = max(largest, load_or_lowest(x + i, columns - i));
  return reduce_max(largest);
}

template <class A, class Out>
CANDOR_INLINE void softmax_row(const A* x, Out* y, float* exponentials, std::int64_t columns) {
  const F32x16 maximum = set1(row_maximum(x, columns));
  const float sum = sum_row(columns, [=](F32x16 total, std::int64_t i, std::int64_t n) {
    F32x16 e = exp(sub(load_upto(x + i, n), maximum));
    if (n < kLanes) e = keep_first(e, n);
    store(exponentials + i, e);
    return add(total, e);
  });
  for (std::int64_t i = 0; i < columns; i += kLanes) {
    store_upto(y + i, canonical_nan(div(load(exponentials + i), set1(sum))), columns - i);
  }
}

template <class A, class Out>
CANDOR_INLINE void softmax_rows(const Softmax& args, Stream& stream) {
  const std::int64_t columns = args.x.shape[1];
  const std::size_t bytes = static_cast<std::size_t>((columns + kLanes) * sizeof(float));
  for (int worker = 0; worker < stream.workers(); ++worker)
    stream.scratch(worker, bytes);  // may throw: here, not below
  parallel_ranges(stream, args.x.shape[0], row_grain(columns), [&](std::int64_t begin, std::int64_t end, int worker) {
    auto* exponentials = reinterpret_cast<float*>(stream.scratch(worker, bytes));  // [C]
    for (std::int64_t r = begin; r < end; ++r) {
      softmax_row(row_of<A>(args.x, r), row_of<Out>(args.y, r), exponentials, columns);
    }
  });
}

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
