// What the row kernels share: sums of a row in one fixed order, and the residual addition in front of a norm.
#pragma once

#include "backend/cpu/simd/math-inl.h"
#include "backend/cpu/simd/parallel-inl.h"
#include "backend/cpu/simd/partial-inl.h"
#include "core/view.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

CANDOR_INLINE std::int64_t row_grain(std::int64_t columns) { return columns < 8192 ? 8192 / (columns + 1) + 1 : 1; }

template <class T> CANDOR_INLINE const T* row_of(const ConstView& view, std::int64_t row) {
  return view.as<T>() + row * view.stride[0];
}
template <class T> CANDOR_INLINE T* row_of(const View& view, std::int64_t row) {
  return view.as<T>() + row * view.stride[0];
}

/// Adds term(accumulator, i, n) over blocks of 16 columns: four accumulators in turn while 64 columns remain, then the
/// first one; one tree at the end. The same order on every ISA.
template <class Term> CANDOR_INLINE float sum_row(std::int64_t columns, const Term& term) {
  F32x16 s0 = zero(), s1 = zero(), s2 = zero(), s3 = zero();
  std::int64_t i = 0;
  for (; i + 64 <= columns; i += 64) {
    s0 = term(s0, i, kLanes);
    s1 = term(s1, i + 16, kLanes);
    s2 = term(s2, i + 32, kLanes);
    s3 = term(s3, i + 48, kLanes);
  }
  for (; i < columns; i += kLanes) s0 = term(s0, i, columns - i < kLanes ? columns - i : kLanes);
  return reduce_add(add(add(s0, s1), add(s2, s3)));
}

/// sum = round(x + residual).
template <class T> CANDOR_INLINE void add_rows(const T* x, const T* residual, T* sum, std::int64_t columns) {
  for (std::int64_t i = 0; i < columns; i += kLanes) {
    const F32x16 value = add(load_upto(x + i, columns - i), load_upto(residual + i, columns - i));
    store_upto(sum + i, canonical_nan(value), columns - i);
  }
}

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
