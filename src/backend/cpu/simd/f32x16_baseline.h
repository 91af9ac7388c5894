// F32x16 as four __m128 (SSE2, every x86-64). The fused multiply-add is exact: formed in f64 and rounded to odd before
// the one rounding to f32, so this class gives the same bits as the others, slowly. Included by simd.h only.
#pragma once

#include "core/formats.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

struct F32x16 {
  __m128 v[4];
};
struct Mask16 {
  __m128 v[4];
};

#define CANDOR_EACH4(expression)                     \
  F32x16 r;                                          \
  for (int i = 0; i < 4; ++i) r.v[i] = (expression); \
  return r

CANDOR_INLINE F32x16 zero() { CANDOR_EACH4(_mm_setzero_ps()); }
CANDOR_INLINE F32x16 set1(float x) { CANDOR_EACH4(_mm_set1_ps(x)); }
CANDOR_INLINE F32x16 load(const float* p) { CANDOR_EACH4(_mm_loadu_ps(p + 4 * i)); }
CANDOR_INLINE void store(float* p, F32x16 x) {
  for (int i = 0; i < 4; ++i) _mm_storeu_ps(p + 4 * i, x.v[i]);
}
CANDOR_INLINE F32x16 add(F32x16 a, F32x16 b) { CANDOR_EACH4(_mm_add_ps(a.v[i], b.v[i])); }
CANDOR_INLINE F32x16 sub(F32x16 a, F32x16 b) { CANDOR_EACH4(_mm_sub_ps(a.v[i], b.v[i])); }
CANDOR_INLINE F32x16 mul(F32x16 a, F32x16 b) { CANDOR_EACH4(_mm_mul_ps(a.v[i], b.v[i])); }
CANDOR_INLINE F32x16 div(F32x16 a, F32x16 b) { CANDOR_EACH4(_mm_div_ps(a.v[i], b.v[i])); }

/// Two lanes of fma: the product of two f32 is exact in f64; the sum is made odd when inexact (Boldo, Melquiond 2008).
CANDOR_INLINE __m128d fma_round_to_odd(__m128d a, __m128d b, __m128d c) {
  const __m128d p = _mm_mul_pd(a, b);
  const __m128d s = _mm_add_pd(p, c);
  const __m128d t = _mm_sub_pd(s, p);
  const __m128d error = _mm_add_pd(_mm_sub_pd(p, _mm_sub_pd(s, t)), _mm_sub_pd(c, t));
  const __m128d zero = _mm_setzero_pd();
  const __m128d inexact = _mm_and_pd(_mm_cmpneq_pd(error, zero), _mm_cmpord_pd(error, error));
  const __m128i bits = _mm_castpd_si128(s);
  const __m128i one = _mm_set_epi32(0, 1, 0, 1);
  const __m128i even = _mm_sub_epi64(_mm_and_si128(bits, one), one);  // all ones when the last bit is 0
  // +1 moves away from zero, -1 towards it: away when the error has the sum's sign.
  const __m128i differ = _mm_srai_epi32(_mm_xor_si128(_mm_castpd_si128(error), bits), 31);
  const __m128i minus = _mm_shuffle_epi32(differ, _MM_SHUFFLE(3, 3, 1, 1));  // all ones when signs differ
  const __m128i step = _mm_or_si128(minus, one);                             // -1 or +1
  const __m128i change = _mm_and_si128(_mm_and_si128(step, even), _mm_castpd_si128(inexact));
  return _mm_castsi128_pd(_mm_add_epi64(bits, change));
}
CANDOR_INLINE __m128 fma4(__m128 a, __m128 b, __m128 c) {
  const __m128d lo = fma_round_to_odd(_mm_cvtps_pd(a), _mm_cvtps_pd(b), _mm_cvtps_pd(c));
  const __m128d hi = fma_round_to_odd(_mm_cvtps_pd(_mm_movehl_ps(a, a)), _mm_cvtps_pd(_mm_movehl_ps(b, b)),
                                      _mm_cvtps_pd(_mm_movehl_ps(c, c)));
  return _mm_movelh_ps(_mm_cvtpd_ps(lo), _mm_cvtpd_ps(hi));
}
CANDOR_INLINE F32x16 fma(F32x16 a, F32x16 b, F32x16 c) { CANDOR_EACH4(fma4(a.v[i], b.v[i], c.v[i])); }

// max and min return the second operand when either is NaN, on every ISA.
CANDOR_INLINE F32x16 max(F32x16 a, F32x16 b) { CANDOR_EACH4(_mm_max_ps(a.v[i], b.v[i])); }
CANDOR_INLINE F32x16 min(F32x16 a, F32x16 b) { CANDOR_EACH4(_mm_min_ps(a.v[i], b.v[i])); }
CANDOR_INLINE F32x16 sqrt(F32x16 a) { CANDOR_EACH4(_mm_sqrt_ps(a.v[i])); }
CANDOR_INLINE F32x16 abs(F32x16 a) { CANDOR_EACH4(_mm_andnot_ps(_mm_set1_ps(-0.0f), a.v[i])); }
CANDOR_INLINE F32x16 neg(F32x16 a) { CANDOR_EACH4(_mm_xor_ps(_mm_set1_ps(-0.0f), a.v[i])); }
/// Nearest integer, ties to even; |x| < 2^31.
CANDOR_INLINE F32x16 round_even(F32x16 a) { CANDOR_EACH4(_mm_cvtepi32_ps(_mm_cvtps_epi32(a.v[i]))); }
/// 2^n for integer-valued n in [-126, 127].
CANDOR_INLINE F32x16 exp2_int(F32x16 n) {
  CANDOR_EACH4(_mm_castsi128_ps(_mm_slli_epi32(_mm_add_epi32(_mm_cvtps_epi32(n.v[i]), _mm_set1_epi32(127)), 23)));
}

CANDOR_INLINE Mask16 less(F32x16 a, F32x16 b) {
  Mask16 m;
  for (int i = 0; i < 4; ++i) m.v[i] = _mm_cmplt_ps(a.v[i], b.v[i]);
  return m;
}
CANDOR_INLINE Mask16 is_nan(F32x16 a) {
  Mask16 m;
  for (int i = 0; i < 4; ++i) m.v[i] = _mm_cmpunord_ps(a.v[i], a.v[i]);
  return m;
}
/// mask ? a : b
CANDOR_INLINE F32x16 select(Mask16 mask, F32x16 a, F32x16 b) {
  CANDOR_EACH4(_mm_or_ps(_mm_and_ps(mask.v[i], a.v[i]), _mm_andnot_ps(mask.v[i], b.v[i])));
}
CANDOR_INLINE bool any(Mask16 mask) {
  return _mm_movemask_ps(_mm_or_ps(_mm_or_ps(mask.v[0], mask.v[1]), _mm_or_ps(mask.v[2], mask.v[3]))) != 0;
}

/// Moves bits: a signalling NaN stays one, until arithmetic or quiet_nan() meets it. load_bf16_pairs() likewise.
CANDOR_INLINE F32x16 load_bf16(const void* p) {
  F32x16 r;
  for (int i = 0; i < 2; ++i) {
    const __m128i x = _mm_loadu_si128(static_cast<const __m128i*>(p) + i);
    r.v[2 * i] = _mm_castsi128_ps(_mm_unpacklo_epi16(_mm_setzero_si128(), x));
    r.v[2 * i + 1] = _mm_castsi128_ps(_mm_unpackhi_epi16(_mm_setzero_si128(), x));
  }
  return r;
}
/// 16 dwords of bf16 pairs: the low halves as `even`, the high halves as `odd`.
CANDOR_INLINE void load_bf16_pairs(const std::uint32_t* p, F32x16& even, F32x16& odd) {
  const __m128i high = _mm_set1_epi32(static_cast<int>(0xffff0000u));
  for (int i = 0; i < 4; ++i) {
    const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 4 * i));
    even.v[i] = _mm_castsi128_ps(_mm_slli_epi32(x, 16));
    odd.v[i] = _mm_castsi128_ps(_mm_and_si128(x, high));
  }
}
CANDOR_INLINE void store_bf16(void* p, F32x16 x) {
  alignas(16) float v[16];
  std::uint16_t codes[16];
  store(v, x);
  for (int i = 0; i < 16; ++i) codes[i] = f32_to_bf16_bits(v[i]);
  __builtin_memcpy(p, codes, sizeof(codes));
}
CANDOR_INLINE F32x16 load_f16(const void* p) {
  alignas(16) float v[16];
  std::uint16_t codes[16];
  __builtin_memcpy(codes, p, sizeof(codes));
  for (int i = 0; i < 16; ++i) v[i] = f16_bits_to_f32(codes[i]);
  return load(v);
}
CANDOR_INLINE void store_f16(void* p, F32x16 x) {
  alignas(16) float v[16];
  std::uint16_t codes[16];
  store(v, x);
  for (int i = 0; i < 16; ++i) codes[i] = f32_to_f16_bits(v[i]);
  __builtin_memcpy(p, codes, sizeof(codes));
}
CANDOR_INLINE F32x16 load_i8(const std::int8_t* p) {
  alignas(16) float v[16];
  for (int i = 0; i < 16; ++i) v[i] = static_cast<float>(p[i]);
  return load(v);
}
/// 16 bytes: the low nibbles as `low`, the high nibbles as `high`, each 0 … 15.
CANDOR_INLINE void load_nibbles(const std::uint8_t* p, F32x16& low, F32x16& high) {
  alignas(16) float l[16], h[16];
  for (int i = 0; i < 16; ++i) {
    l[i] = static_cast<float>(p[i] & 15);
    h[i] = static_cast<float>(p[i] >> 4);
  }
  low = load(l);
  high = load(h);
}
#undef CANDOR_EACH4

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
