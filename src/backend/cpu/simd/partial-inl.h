// Loads and stores of up to sixteen elements: the whole vector while enough remain, lane by lane at the end of a row.
#pragma once

#include "backend/cpu/simd/simd.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

/// min(n, 16) elements; the other lanes are zero.
template <class T> CANDOR_INLINE F32x16 load_upto(const T* p, std::int64_t n) {
  return n >= kLanes ? load(p) : load_first(p, n);
}

template <class T> CANDOR_INLINE void store_upto(T* p, F32x16 x, std::int64_t n) {
  if (n >= kLanes) return store(p, x);
  store_first(p, x, n);
}

/// The first n lanes; the others are zero.
CANDOR_INLINE F32x16 keep_first(F32x16 x, std::int64_t n) {
  alignas(64) float lanes[kLanes];
  store(lanes, x);
  return load_first(lanes, n);
}

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
