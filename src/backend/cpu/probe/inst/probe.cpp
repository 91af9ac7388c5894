// The bursts of every ISA.
#include "backend/cpu/probe/bursts.h"
#include "backend/cpu/simd/simd.h"
#include "backend/cpu/simd/unroll.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

// Sums in flight: more than latency × units of any x86 so far, within the registers of the ISA.
#if CANDOR_ISA_LEVEL == 0
using Vector = __m128;
inline constexpr int kSums = 12;
inline constexpr int kVectorLanes = 4;
CANDOR_INLINE Vector splat(float x) { return _mm_set1_ps(x); }
/// SSE has no fused multiply-add: a multiplication and an addition.
CANDOR_INLINE Vector multiply_add(Vector a, Vector b, Vector c) { return _mm_add_ps(_mm_mul_ps(a, b), c); }
#elif CANDOR_ISA_LEVEL == 1
using Vector = __m256;
inline constexpr int kSums = 12;
inline constexpr int kVectorLanes = 8;
CANDOR_INLINE Vector splat(float x) { return _mm256_set1_ps(x); }
CANDOR_INLINE Vector multiply_add(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }
#else
using Vector = __m512;
inline constexpr int kSums = 24;
inline constexpr int kVectorLanes = 16;
CANDOR_INLINE Vector splat(float x) { return _mm512_set1_ps(x); }
CANDOR_INLINE Vector multiply_add(Vector a, Vector b, Vector c) { return _mm512_fmadd_ps(a, b, c); }
#endif

struct Sums { Vector v[kSums]; };

CANDOR_INLINE void start(Sums& sums) {
  CANDOR_UNROLL
  for (int i = 0; i < kSums; ++i) sums.v[i] = splat(static_cast<float>(i));
}

CANDOR_INLINE void finish(const Sums& sums, float* sink) {
  Vector total = sums.v[0];
  CANDOR_UNROLL
  for (int i = 1; i < kSums; ++i) total += sums.v[i];
  __builtin_memcpy(sink, &total, sizeof(total));
}

/// Keeps the compiler from merging or dropping rounds.
CANDOR_INLINE Vector opaque(Vector x) {
  asm volatile("" : "+v"(x));
  return x;
}

}  // namespace

float read_burst(const std::byte* data, std::int64_t bytes) {
  constexpr std::int64_t kStep = 8 * kLanes * 4;
  F32x16 sums[8];
  CANDOR_UNROLL
  for (int i = 0; i < 8; ++i) sums[i] = zero();
  for (std::int64_t at = 0; at < bytes; at += kStep) {
    const auto* p = reinterpret_cast<const float*>(data + at);
    CANDOR_UNROLL
    for (int i = 0; i < 8; ++i) {
      _mm_prefetch(reinterpret_cast<const char*>(p + i * kLanes) + 2048, _MM_HINT_T0);
      sums[i] = add(sums[i], load(p + i * kLanes));
    }
  }
  CANDOR_UNROLL
  for (int i = 1; i < 8; ++i) sums[0] = add(sums[0], sums[i]);
  return reduce_add(sums[0]);
}

double fma_burst(std::int64_t rounds, float* sink) {
  Sums sums;
  start(sums);
  const Vector factor = opaque(splat(1e-9f));
  for (std::int64_t round = 0; round < rounds; ++round) {
    CANDOR_UNROLL
    for (int i = 0; i < kSums; ++i) sums.v[i] = opaque(multiply_add(factor, factor, sums.v[i]));
  }
  finish(sums, sink);
  return 2.0 * kVectorLanes * kSums * static_cast<double>(rounds);
}

#if CANDOR_ISA_LEVEL >= 3
double dpbf16_burst(std::int64_t rounds, float* sink) {
  Sums sums;
  start(sums);
  const Vector factor = opaque(splat(1e-9f));
  for (std::int64_t round = 0; round < rounds; ++round) {
    CANDOR_UNROLL
    for (int i = 0; i < kSums; ++i)
      sums.v[i] = opaque(_mm512_dpbf16_ps(sums.v[i], (__m512bh)factor, (__m512bh)factor));
  }
  finish(sums, sink);
  return 4.0 * kVectorLanes * kSums * static_cast<double>(rounds);
}
#endif

}  // namespace candor::cpu::CANDOR_ISA
