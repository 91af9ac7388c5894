// Walks several views of one shape together: dimensions that lie alike in all of them are merged, and the elements are
// cut into segments along the last remaining dimension. Plain arithmetic on extents and strides.
#pragma once

#include "backend/cpu/simd/parallel-inl.h"
#include "backend/cpu/simd/simd.h"
#include "core/view.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

inline constexpr std::int64_t kElementGrain = 16384;  // elements below which a second worker is not worth waking

template <int kOperands> struct Walk {
  int rank = 1;
  std::int64_t shape[kMaxRank] = {1};
  std::int64_t stride[kOperands][kMaxRank] = {};  // in elements

  CANDOR_ALWAYS_INLINE std::int64_t columns() const { return shape[rank - 1]; }
  CANDOR_ALWAYS_INLINE std::int64_t inner_stride(int operand) const { return stride[operand][rank - 1]; }
  /// Element offset of column 0 of `row` in `operand`.
  CANDOR_ALWAYS_INLINE std::int64_t row_offset(int operand, std::int64_t row) const {
    std::int64_t offset = 0;
    for (int d = rank - 2; d >= 0; --d) {
      offset += row % shape[d] * stride[operand][d];
      row /= shape[d];
    }
    return offset;
  }
};

/// Merges dimensions; extents of 1 disappear. Every view has views[0]'s shape.
template <int kOperands> CANDOR_INLINE Walk<kOperands> make_walk(const ConstView* const (&views)[kOperands]) {
  Walk<kOperands> walk;
  walk.rank = 0;
  for (int d = 0; d < views[0]->rank; ++d) {
    if (views[0]->shape[d] == 1) continue;
    bool merges = walk.rank > 0;
    for (int o = 0; o < kOperands && merges; ++o) {
      merges = walk.stride[o][walk.rank - 1] == views[o]->stride[d] * views[o]->shape[d];
    }
    const int at = merges ? walk.rank - 1 : walk.rank++;
    walk.shape[at] = merges ? walk.shape[at] * views[0]->shape[d] : views[0]->shape[d];
    for (int o = 0; o < kOperands; ++o) walk.stride[o][at] = views[o]->stride[d];
  }
  if (walk.rank == 0) {
    walk.rank = 1;
    walk.shape[0] = 1;
    for (int o = 0; o < kOperands; ++o) walk.stride[o][0] = 1;
  }
  return walk;
}

/// segment(offsets, n): n elements, operand o at offsets[o] + i · walk.inner_stride(o). In parallel.
template <int kOperands, class Segment>
CANDOR_INLINE void for_each_segment(Stream& stream, const Walk<kOperands>& walk, std::int64_t elements,
                                    const Segment& segment) {
  const std::int64_t columns = walk.columns();
  parallel_ranges(stream, elements, kElementGrain, [&](std::int64_t begin, std::int64_t end, int) {
    while (begin < end) {
      const std::int64_t row = begin / columns, column = begin % columns;
      const std::int64_t n = columns - column < end - begin ? columns - column : end - begin;
      std::int64_t offsets[kOperands];
      for (int o = 0; o < kOperands; ++o) offsets[o] = walk.row_offset(o, row) + column * walk.inner_stride(o);
      segment(offsets, n);
      begin += n;
    }
  });
}

/// Up to 16 elements at any stride; lanes past n are zero.
template <class T> CANDOR_INLINE F32x16 load_strided(const T* p, std::int64_t stride, std::int64_t n) {
  if (stride == 1) return n >= kLanes ? load(p) : load_first(p, n);
  alignas(64) T lanes[kLanes] = {};
  for (std::int64_t i = 0; i < (n < kLanes ? n : kLanes); ++i) lanes[i] = load_one(p + i * stride);
  return load(lanes);
}

template <class T> CANDOR_INLINE void store_strided(T* p, std::int64_t stride, F32x16 x, std::int64_t n) {
  if (stride == 1 && n >= kLanes) return store(p, x);
  alignas(64) T lanes[kLanes];
  store(lanes, x);
  for (std::int64_t i = 0; i < (n < kLanes ? n : kLanes); ++i) store_one(p + i * stride, lanes[i]);
}

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
