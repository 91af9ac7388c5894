// F32x16 as one __m512 (AVX-512 F, BW, DQ, VL). Included by simd.h only.
#pragma once

namespace candor::cpu::CANDOR_ISA {
namespace {

struct F32x16 {
  __m512 v;
};
struct Mask16 {
  __mmask16 m;
};

CANDOR_INLINE F32x16 zero() { return {_mm512_setzero_ps()}; }
CANDOR_INLINE F32x16 set1(float x) { return {_mm512_set1_ps(x)}; }
CANDOR_INLINE F32x16 load(const float* p) { return {_mm512_loadu_ps(p)}; }
CANDOR_INLINE void store(float* p, F32x16 x) { _mm512_storeu_ps(p, x.v); }

CANDOR_INLINE F32x16 add(F32x16 a, F32x16 b) { return {_mm512_add_ps(a.v, b.v)}; }
CANDOR_INLINE F32x16 sub(F32x16 a, F32x16 b) { return {_mm512_sub_ps(a.v, b.v)}; }
CANDOR_INLINE F32x16 mul(F32x16 a, F32x16 b) { return {_mm512_mul_ps(a.v, b.v)}; }
CANDOR_INLINE F32x16 div(F32x16 a, F32x16 b) { return {_mm512_div_ps(a.v, b.v)}; }
CANDOR_INLINE F32x16 fma(F32x16 a, F32x16 b, F32x16 c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
// max and min return the second operand when either is NaN, on every ISA.
CANDOR_INLINE F32x16 max(F32x16 a, F32x16 b) { return {_mm512_max_ps(a.v, b.v)}; }
CANDOR_INLINE F32x16 min(F32x16 a, F32x16 b) { return {_mm512_min_ps(a.v, b.v)}; }
CANDOR_INLINE F32x16 sqrt(F32x16 a) { return {_mm512_sqrt_ps(a.v)}; }
CANDOR_INLINE F32x16 abs(F32x16 a) { return {_mm512_andnot_ps(_mm512_set1_ps(-0.0f), a.v)}; }
CANDOR_INLINE F32x16 neg(F32x16 a) { return {_mm512_xor_ps(_mm512_set1_ps(-0.0f), a.v)}; }
/// Nearest integer, ties to even; |x| < 2^31.
CANDOR_INLINE F32x16 round_even(F32x16 a) {
  return {_mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
/// 2^n for integer-valued n in [-126, 127].
CANDOR_INLINE F32x16 exp2_int(F32x16 n) {
  return {
      _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_add_epi32(_mm512_cvtps_epi32(n.v), _mm512_set1_epi32(127)), 23))};
}

CANDOR_INLINE Mask16 less(F32x16 a, F32x16 b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ)}; }
CANDOR_INLINE Mask16 is_nan(F32x16 a) { return {_mm512_cmp_ps_mask(a.v, a.v, _CMP_UNORD_Q)}; }
/// mask ? a : b
CANDOR_INLINE F32x16 select(Mask16 mask, F32x16 a, F32x16 b) { return {_mm512_mask_blend_ps(mask.m, b.v, a.v)}; }
CANDOR_INLINE bool any(Mask16 mask) { return mask.m != 0; }

/// Moves bits: a signalling NaN stays one, until arithmetic or quiet_nan() meets it. load_bf16_pairs() likewise.
CANDOR_INLINE F32x16 load_bf16(const void* p) {
  const __m256i x = _mm256_loadu_si256(static_cast<const __m256i*>(p));
  return {_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(x), 16))};
}
/// 16 dwords of bf16 pairs: the low halves as `even`, the high halves as `odd`.
CANDOR_INLINE void load_bf16_pairs(const std::uint32_t* p, F32x16& even, F32x16& odd) {
  const __m512i x = _mm512_loadu_si512(p);
  even = {_mm512_castsi512_ps(_mm512_slli_epi32(x, 16))};
  odd = {_mm512_castsi512_ps(_mm512_and_si512(x, _mm512_set1_epi32(static_cast<int>(0xffff0000u))))};
}
/// Round to nearest even; NaN quiet with its sign; subnormals kept (the AVX512-BF16 conversion would flush them).
CANDOR_INLINE void store_bf16(void* p, F32x16 x) {
  const __m512i bits = _mm512_castps_si512(x.v);
  const __m512i lsb = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  __m512i rounded = _mm512_srli_epi32(_mm512_add_epi32(bits, _mm512_add_epi32(lsb, _mm512_set1_epi32(0x7fff))), 16);
  const __m512i magnitude = _mm512_and_si512(bits, _mm512_set1_epi32(0x7fffffff));
  const __mmask16 nan = _mm512_cmpgt_epi32_mask(magnitude, _mm512_set1_epi32(0x7f800000));
  rounded = _mm512_mask_or_epi32(rounded, nan, _mm512_srli_epi32(bits, 16), _mm512_set1_epi32(0x40));
  _mm256_storeu_si256(static_cast<__m256i*>(p), _mm512_cvtepi32_epi16(rounded));
}
CANDOR_INLINE F32x16 load_f16(const void* p) {
  return {_mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i*>(p)))};
}
CANDOR_INLINE void store_f16(void* p, F32x16 x) {
  _mm256_storeu_si256(static_cast<__m256i*>(p),
                      _mm512_cvtps_ph(x.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
CANDOR_INLINE F32x16 load_i8(const std::int8_t* p) {
  return {_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))))};
}
/// 16 bytes: the low nibbles as `low`, the high nibbles as `high`, each 0 … 15.
CANDOR_INLINE void load_nibbles(const std::uint8_t* p, F32x16& low, F32x16& high) {
  const __m512i x = _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  low = {_mm512_cvtepi32_ps(_mm512_and_si512(x, _mm512_set1_epi32(15)))};
  high = {_mm512_cvtepi32_ps(_mm512_srli_epi32(x, 4))};
}

#if CANDOR_ISA_LEVEL >= 3
/// acc + pair-wise dot of bf16 pairs: exactly fma(even, even, fma(odd, odd, acc)) with denormals flushed.
CANDOR_INLINE F32x16 dot_bf16_pairs(F32x16 acc, const std::uint32_t* pairs, std::uint32_t broadcast_pair) {
  return {_mm512_dpbf16_ps(acc.v, (__m512bh)_mm512_loadu_si512(pairs),
                           (__m512bh)_mm512_set1_epi32(static_cast<int>(broadcast_pair)))};
}
#endif

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
