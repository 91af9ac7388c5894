// y[t] = table[ids[t]]: rows read from a strided or packed table, or from blocks, and rounded once.
#pragma once

#include "backend/cpu/elementwise/cast_dequantize-inl.h"
#include "backend/cpu/simd/parallel-inl.h"
#include "core/packed.h"
#include "kernels/embedding.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

/// The dtype of a storage tag, for packed indices.
template <class T>
inline constexpr DType kStorage = DType::f32;
template <>
inline constexpr DType kStorage<Bf16> = DType::bf16;
template <>
inline constexpr DType kStorage<F16> = DType::f16;

/// The same storage on both sides: bits are moved.
template <class T>
CANDOR_INLINE void store_row(T* y, const T* x, std::int64_t columns) {
  __builtin_memcpy(y, x, static_cast<std::size_t>(columns) * sizeof(T));
}
template <class From, class To>
CANDOR_INLINE void store_row(To* y, const From* x, std::int64_t columns) {
  const std::int64_t whole = columns / kLanes * kLanes;
  for (std::int64_t i = 0; i < whole; i += kLanes) store(y + i, cast_lanes<From, To>(load(x + i)));
  store_first(y + whole, cast_lanes<From, To>(load_first(x + whole, columns - whole)), columns - whole);
}

/// Row n of a packed table, 256 columns at a time.
template <class From, class To>
CANDOR_INLINE void store_packed_row(To* y, const From* table, std::int64_t row, std::int64_t columns) {
  constexpr std::int64_t kRun = 256;
  alignas(64) From run[kRun];
  for (std::int64_t begin = 0; begin < columns; begin += kRun) {
    const std::int64_t n = columns - begin < kRun ? columns - begin : kRun;
    for (std::int64_t i = 0; i < n; ++i)
      run[i] = load_one(table + packed_index(kStorage<From>, columns, row, begin + i));
    store_row(y + begin, run, n);
  }
}

/// body(t, id) for every token, in parallel.
template <class Body>
CANDOR_INLINE void for_each_id(const Embedding& args, Stream& stream, const Body& body) {
  const std::int64_t columns = args.y.shape[1];
  const std::int64_t grain = columns < 16384 ? 16384 / (columns + 1) + 1 : 1;
  const auto* ids = args.ids.as<std::int32_t>();
  parallel_ranges(stream, args.ids.shape[0], grain, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t t = begin; t < end; ++t)
      body(t, static_cast<std::int64_t>(load_one(ids + t * args.ids.stride[0])));
  });
}

template <class From, class To>
CANDOR_INLINE void embedding_gather(const Embedding& args, Stream& stream) {
  const std::int64_t columns = args.y.shape[1];
  const From* table = args.table.as<From>();
  To* y = args.y.template as<To>();
  for_each_id(args, stream, [&](std::int64_t t, std::int64_t id) {
    if (args.table.layout == Layout::packed_tiles) {
      store_packed_row(y + t * args.y.stride[0], table, id, columns);
    } else {
      store_row(y + t * args.y.stride[0], table + id * args.table.stride[0], columns);
    }
  });
}

template <DType kBlock, class To>
CANDOR_INLINE void embedding_dequantize(const Embedding& args, Stream& stream) {
  constexpr std::int64_t kElements = BlockOf<kBlock>::elements;
  const std::int64_t blocks = args.y.shape[1] / kElements, row_stride = args.table.stride[0] / kElements;
  const auto* table = args.table.as<typename BlockOf<kBlock>::type>();
  for_each_id(args, stream, [&](std::int64_t t, std::int64_t id) {
    dequantize_run<kBlock>(table + id * row_stride, blocks, args.y.template as<To>() + t * args.y.stride[0]);
  });
}

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
