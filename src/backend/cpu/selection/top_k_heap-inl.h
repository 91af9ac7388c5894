// The k largest elements of each row: a heap of k whose top is the least of them, then a heap sort.
#pragma once

#include "backend/cpu/selection/argmax_scan-inl.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

struct Ranked {
  float value;
  std::int32_t index;
};

/// True when x stands behind y in the result: smaller, or as large and later in the row.
CANDOR_INLINE bool behind(Ranked x, Ranked y) {
  return ranks_above(y.value, x.value) || (!ranks_above(x.value, y.value) && x.index > y.index);
}

/// Puts `item` at the top of heap[0, size) and lets it sink; the element most behind is on top.
CANDOR_INLINE void sink(Ranked* heap, std::int64_t at, std::int64_t size, Ranked item) {
  for (;;) {
    std::int64_t child = 2 * at + 1;
    if (child >= size) break;
    if (child + 1 < size && behind(heap[child + 1], heap[child])) ++child;
    if (!behind(heap[child], item)) break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = item;
}

template <class T>
CANDOR_INLINE void top_k_row(const T* x, std::int64_t columns, Ranked* heap, std::int64_t k) {
  for (std::int64_t i = 0; i < k; ++i) heap[i] = {element(x, i), static_cast<std::int32_t>(i)};
  for (std::int64_t i = k / 2 - 1; i >= 0; --i) sink(heap, i, k, heap[i]);
  for (std::int64_t i = k; i < columns; ++i) {
    const float value = element(x, i);
    if (value <= heap[0].value) continue;  // the common case; as large as the top, but later in the row: stays out
    if (ranks_above(value, heap[0].value)) sink(heap, 0, k, {value, static_cast<std::int32_t>(i)});
  }
  for (std::int64_t size = k - 1; size > 0; --size) {  // the one most behind goes last
    const Ranked last = heap[size];
    heap[size] = heap[0];
    sink(heap, 0, size, last);
  }
}

template <class T>
CANDOR_INLINE void top_k_heap(const TopK& args, Stream& stream) {
  const std::int64_t columns = args.x.shape[1], k = args.values.shape[1];
  const std::size_t bytes = static_cast<std::size_t>(k + 1) * sizeof(Ranked);
  for (int worker = 0; worker < stream.workers(); ++worker)
    stream.scratch(worker, bytes);  // may throw: here, not below
  const std::int64_t grain = 16384 / (columns + 1) + 1;
  parallel_ranges(stream, args.x.shape[0], grain, [&](std::int64_t begin, std::int64_t end, int worker) {
    auto* heap = reinterpret_cast<Ranked*>(stream.scratch(worker, bytes));  // [k]
    for (std::int64_t r = begin; r < end; ++r) {
      const T* x = args.x.as<T>() + r * args.x.stride[0];
      top_k_row(x, columns, heap, k);
      T* values = args.values.template as<T>() + r * args.values.stride[0];
      auto* indices = args.indices.as<std::int32_t>() + r * args.indices.stride[0];
      for (std::int64_t i = 0; i < k; ++i) {
        store_one(values + i, load_one(x + heap[i].index));
        store_one(indices + i, heap[i].index);
      }
    }
  });
}

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
