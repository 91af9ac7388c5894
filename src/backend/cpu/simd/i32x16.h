// Sixteen 32-bit integer lanes: what unpacking blocks and 16-bit pairs needs, on every ISA.
#pragma once

#include "backend/cpu/simd/simd.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

#if CANDOR_ISA_LEVEL == 0

struct I32x16 { __m128i v[4]; };

#define CANDOR_EACH4I(expression) \
  I32x16 r;                       \
  for (int i = 0; i < 4; ++i) r.v[i] = (expression); \
  return r

CANDOR_INLINE I32x16 set1_i32(int x) { CANDOR_EACH4I(_mm_set1_epi32(x)); }
CANDOR_INLINE I32x16 bit_and(I32x16 a, I32x16 b) { CANDOR_EACH4I(_mm_and_si128(a.v[i], b.v[i])); }
CANDOR_INLINE I32x16 bit_or(I32x16 a, I32x16 b) { CANDOR_EACH4I(_mm_or_si128(a.v[i], b.v[i])); }
CANDOR_INLINE I32x16 sub(I32x16 a, I32x16 b) { CANDOR_EACH4I(_mm_sub_epi32(a.v[i], b.v[i])); }
template <int kBits> CANDOR_INLINE I32x16 shift_left(I32x16 a) { CANDOR_EACH4I(_mm_slli_epi32(a.v[i], kBits)); }
template <int kBits> CANDOR_INLINE I32x16 shift_right(I32x16 a) { CANDOR_EACH4I(_mm_srli_epi32(a.v[i], kBits)); }
template <int kBits> CANDOR_INLINE I32x16 shift_right_signed(I32x16 a) { CANDOR_EACH4I(_mm_srai_epi32(a.v[i], kBits)); }
CANDOR_INLINE F32x16 to_f32(I32x16 a) {
  F32x16 r;
  for (int i = 0; i < 4; ++i) r.v[i] = _mm_cvtepi32_ps(a.v[i]);
  return r;
}
#undef CANDOR_EACH4I

#elif CANDOR_ISA_LEVEL == 1

struct I32x16 { __m256i lo, hi; };

CANDOR_INLINE I32x16 set1_i32(int x) { const __m256i v = _mm256_set1_epi32(x); return {v, v}; }
CANDOR_INLINE I32x16 bit_and(I32x16 a, I32x16 b) {
  return {_mm256_and_si256(a.lo, b.lo), _mm256_and_si256(a.hi, b.hi)};
}
CANDOR_INLINE I32x16 bit_or(I32x16 a, I32x16 b) { return {_mm256_or_si256(a.lo, b.lo), _mm256_or_si256(a.hi, b.hi)}; }
CANDOR_INLINE I32x16 sub(I32x16 a, I32x16 b) { return {_mm256_sub_epi32(a.lo, b.lo), _mm256_sub_epi32(a.hi, b.hi)}; }
template <int kBits> CANDOR_INLINE I32x16 shift_left(I32x16 a) {
  return {_mm256_slli_epi32(a.lo, kBits), _mm256_slli_epi32(a.hi, kBits)};
}
template <int kBits> CANDOR_INLINE I32x16 shift_right(I32x16 a) {
  return {_mm256_srli_epi32(a.lo, kBits), _mm256_srli_epi32(a.hi, kBits)};
}
template <int kBits> CANDOR_INLINE I32x16 shift_right_signed(I32x16 a) {
  return {_mm256_srai_epi32(a.lo, kBits), _mm256_srai_epi32(a.hi, kBits)};
}
CANDOR_INLINE F32x16 to_f32(I32x16 a) { return {_mm256_cvtepi32_ps(a.lo), _mm256_cvtepi32_ps(a.hi)}; }

#else

struct I32x16 { __m512i v; };

CANDOR_INLINE I32x16 set1_i32(int x) { return {_mm512_set1_epi32(x)}; }
CANDOR_INLINE I32x16 bit_and(I32x16 a, I32x16 b) { return {_mm512_and_si512(a.v, b.v)}; }
CANDOR_INLINE I32x16 bit_or(I32x16 a, I32x16 b) { return {_mm512_or_si512(a.v, b.v)}; }
CANDOR_INLINE I32x16 sub(I32x16 a, I32x16 b) { return {_mm512_sub_epi32(a.v, b.v)}; }
template <int kBits> CANDOR_INLINE I32x16 shift_left(I32x16 a) { return {_mm512_slli_epi32(a.v, kBits)}; }
template <int kBits> CANDOR_INLINE I32x16 shift_right(I32x16 a) { return {_mm512_srli_epi32(a.v, kBits)}; }
template <int kBits> CANDOR_INLINE I32x16 shift_right_signed(I32x16 a) { return {_mm512_srai_epi32(a.v, kBits)}; }
CANDOR_INLINE F32x16 to_f32(I32x16 a) { return {_mm512_cvtepi32_ps(a.v)}; }

#endif

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
