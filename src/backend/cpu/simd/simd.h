// Sixteen f32 lanes on every ISA, so that each kernel is written once and every class adds in the same order:
// 4 × __m128 (baseline), 2 × __m256 (avx2), 1 × __m512 (avx512 and avx512bf16).
// Also here: widening loads, rounding stores, reductions in one fixed tree, and the denormal mode guard.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "backend/cpu/simd/element.h"
#include "backend/cpu/simd/isa.h"

#if CANDOR_ISA_LEVEL == 0
#include "backend/cpu/simd/f32x16_baseline.h"
#elif CANDOR_ISA_LEVEL == 1
#include "backend/cpu/simd/f32x16_avx2.h"
#else
#include "backend/cpu/simd/f32x16_avx512.h"
#endif

namespace candor::cpu::CANDOR_ISA {
namespace {

inline constexpr int kLanes = 16;

/// Sets flush-to-zero and denormals-are-zero for a scope, as VDPBF16PS does, and restores the thread's mode.
struct FlushDenormals {
  unsigned saved;
  __attribute__((always_inline)) FlushDenormals() : saved(_mm_getcsr()) { _mm_setcsr(saved | 0x8040u); }
  __attribute__((always_inline)) ~FlushDenormals() { _mm_setcsr(saved); }
};

// Storage tags: the C++ type names the dtype of a pointer's elements. Packed: they stand at any address.
struct __attribute__((packed)) Bf16 {
  std::uint16_t bits;
};
struct __attribute__((packed)) F16 {
  std::uint16_t bits;
};

CANDOR_INLINE F32x16 load(const Bf16* p) { return load_bf16(p); }
CANDOR_INLINE F32x16 load(const F16* p) { return load_f16(p); }
CANDOR_INLINE void store(Bf16* p, F32x16 x) { store_bf16(p, x); }
CANDOR_INLINE void store(F16* p, F32x16 x) { store_f16(p, x); }

/// A NaN lane quiet, its sign and payload kept; other lanes as they are.
CANDOR_INLINE F32x16 quiet_nan(F32x16 x) { return select(is_nan(x), add(x, x), x); }

/// Loaded elements of From as a cast to To stores them: every other load or store already makes a NaN quiet.
template <class From, class To>
CANDOR_INLINE F32x16 cast_lanes(F32x16 x) {
  if constexpr (__is_same(From, Bf16) && __is_same(To, float)) return quiet_nan(x);
  return x;
}

/// The first n (0 … 16) elements; the other lanes are zero.
template <class T>
CANDOR_INLINE F32x16 load_first(const T* p, std::int64_t n) {
  alignas(64) T lanes[kLanes] = {};
  for (std::int64_t i = 0; i < n; ++i) lanes[i] = load_one(p + i);
  return load(lanes);
}

template <class T>
CANDOR_INLINE void store_first(T* p, F32x16 x, std::int64_t n) {
  alignas(64) T lanes[kLanes];
  store(lanes, x);
  for (std::int64_t i = 0; i < n; ++i) store_one(p + i, lanes[i]);
}

/// Lane i + lane i+8, then +4, +2, +1: the one tree of every horizontal sum.
CANDOR_INLINE float reduce_add(F32x16 x) {
  alignas(64) float v[kLanes];
  store(v, x);
  for (int width = 8; width >= 1; width /= 2)
    for (int i = 0; i < width; ++i) v[i] = v[i] + v[i + width];
  return v[0];
}

/// Largest lane. A NaN lane may be lost or be the result: callers see to it that NaN arrives by another way.
CANDOR_INLINE float reduce_max(F32x16 x) {
  alignas(64) float v[kLanes];
  store(v, x);
  for (int width = 8; width >= 1; width /= 2)
    for (int i = 0; i < width; ++i) v[i] = v[i] > v[i + width] ? v[i] : v[i + width];
  return v[0];
}

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
