// Bytes of sixteen rows turned in registers, one row a lane: through memory, wide loads would wait for narrow stores.
#pragma once

#include "backend/cpu/matmul/tile_rows-inl.h"
#include "backend/cpu/simd/i32x16.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

/// Four dwords of every row: v[i] is dword i.
struct DwordColumns {
  I32x16 v[4];
};

CANDOR_INLINE __m128i load_row(const TileRows& rows, int row, std::int64_t offset) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows.row[row] + offset));
}

/// One value of four rows.
CANDOR_INLINE __m128i join(int a, int b, int c, int d) {
  return _mm_unpacklo_epi64(_mm_unpacklo_epi32(_mm_cvtsi32_si128(a), _mm_cvtsi32_si128(b)),
                            _mm_unpacklo_epi32(_mm_cvtsi32_si128(c), _mm_cvtsi32_si128(d)));
}

#if CANDOR_ISA_LEVEL == 0

CANDOR_INLINE I32x16 join(const __m128i (&quarter)[4]) { return {{quarter[0], quarter[1], quarter[2], quarter[3]}}; }

CANDOR_INLINE DwordColumns dword_columns(const TileRows& rows, std::int64_t offset) {
  DwordColumns columns;
  for (int g = 0; g < 4; ++g) {
    const __m128i a = load_row(rows, 4 * g, offset), b = load_row(rows, 4 * g + 1, offset);
    const __m128i c = load_row(rows, 4 * g + 2, offset), d = load_row(rows, 4 * g + 3, offset);
    const __m128i ab = _mm_unpacklo_epi32(a, b), ab_high = _mm_unpackhi_epi32(a, b);
    const __m128i cd = _mm_unpacklo_epi32(c, d), cd_high = _mm_unpackhi_epi32(c, d);
    columns.v[0].v[g] = _mm_unpacklo_epi64(ab, cd);
    columns.v[1].v[g] = _mm_unpackhi_epi64(ab, cd);
    columns.v[2].v[g] = _mm_unpacklo_epi64(ab_high, cd_high);
    columns.v[3].v[g] = _mm_unpackhi_epi64(ab_high, cd_high);
  }
  return columns;
}

/// f16 in the low half of each lane, widened.
CANDOR_INLINE F32x16 f16_to_f32(I32x16 bits) {
  std::uint32_t dwords[kTileRows];
  std::uint16_t halves[kTileRows];
  for (int g = 0; g < 4; ++g) _mm_storeu_si128(reinterpret_cast<__m128i*>(dwords + 4 * g), bits.v[g]);
  for (int i = 0; i < kTileRows; ++i) halves[i] = static_cast<std::uint16_t>(dwords[i]);
  return load_f16(halves);
}

#elif CANDOR_ISA_LEVEL == 1

CANDOR_INLINE I32x16 join(const __m128i (&quarter)[4]) {
  return {_mm256_set_m128i(quarter[1], quarter[0]), _mm256_set_m128i(quarter[3], quarter[2])};
}

/// Rows first … first + 7: lane pairs hold rows r and r + 4.
CANDOR_INLINE void half_columns(const TileRows& rows, int first, std::int64_t offset, __m256i (&column)[4]) {
  const auto pair = [&](int r) __attribute__((always_inline)) {
    return _mm256_set_m128i(load_row(rows, first + r + 4, offset), load_row(rows, first + r, offset));
  };
  const __m256i a = pair(0), b = pair(1), c = pair(2), d = pair(3);
  const __m256i ab = _mm256_unpacklo_epi32(a, b), ab_high = _mm256_unpackhi_epi32(a, b);
  const __m256i cd = _mm256_unpacklo_epi32(c, d), cd_high = _mm256_unpackhi_epi32(c, d);
  column[0] = _mm256_unpacklo_epi64(ab, cd);
  column[1] = _mm256_unpackhi_epi64(ab, cd);
  column[2] = _mm256_unpacklo_epi64(ab_high, cd_high);
  column[3] = _mm256_unpackhi_epi64(ab_high, cd_high);
}

CANDOR_INLINE DwordColumns dword_columns(const TileRows& rows, std::int64_t offset) {
  __m256i lo[4], hi[4];
  half_columns(rows, 0, offset, lo);
  half_columns(rows, 8, offset, hi);
  return {{{lo[0], hi[0]}, {lo[1], hi[1]}, {lo[2], hi[2]}, {lo[3], hi[3]}}};
}

/// f16 in the low half of each lane, widened.
CANDOR_INLINE F32x16 f16_to_f32(I32x16 bits) {
  const __m256i low = _mm256_set1_epi32(0xffff);
  const __m256i packed = _mm256_permute4x64_epi64(
      _mm256_packus_epi32(_mm256_and_si256(bits.lo, low), _mm256_and_si256(bits.hi, low)), 0xd8);
  return {_mm256_cvtph_ps(_mm256_castsi256_si128(packed)), _mm256_cvtph_ps(_mm256_extracti128_si256(packed, 1))};
}

#else

CANDOR_INLINE I32x16 join(const __m128i (&quarter)[4]) {
  __m512i all = _mm512_castsi128_si512(quarter[0]);
  all = _mm512_inserti32x4(all, quarter[1], 1);
  all = _mm512_inserti32x4(all, quarter[2], 2);
  return {_mm512_inserti32x4(all, quarter[3], 3)};
}

CANDOR_INLINE DwordColumns dword_columns(const TileRows& rows, std::int64_t offset) {
  const auto every_fourth = [&](int r) __attribute__((always_inline)) {
    const __m128i quarter[4] = {load_row(rows, r, offset), load_row(rows, r + 4, offset), load_row(rows, r + 8, offset),
                                load_row(rows, r + 12, offset)};
    return join(quarter).v;
  };
  const __m512i a = every_fourth(0), b = every_fourth(1), c = every_fourth(2), d = every_fourth(3);
  const __m512i ab = _mm512_unpacklo_epi32(a, b), ab_high = _mm512_unpackhi_epi32(a, b);
  const __m512i cd = _mm512_unpacklo_epi32(c, d), cd_high = _mm512_unpackhi_epi32(c, d);
  return {{{_mm512_unpacklo_epi64(ab, cd)},
           {_mm512_unpackhi_epi64(ab, cd)},
           {_mm512_unpacklo_epi64(ab_high, cd_high)},
           {_mm512_unpackhi_epi64(ab_high, cd_high)}}};
}

/// f16 in the low half of each lane, widened.
CANDOR_INLINE F32x16 f16_to_f32(I32x16 bits) { return {_mm512_cvtph_ps(_mm512_cvtepi32_epi16(bits.v))}; }

#endif

/// The T (2 or 4 bytes) that lies at `offset` in each row, zero-extended.
template <class T>
CANDOR_INLINE I32x16 row_values(const TileRows& rows, std::int64_t offset) {
  const auto value = [&](int row) __attribute__((always_inline)) {
    T bits;
    __builtin_memcpy(&bits, rows.row[row] + offset, sizeof(bits));
    return static_cast<int>(bits);
  };
  const __m128i quarter[4] = {
      join(value(0), value(1), value(2), value(3)), join(value(4), value(5), value(6), value(7)),
      join(value(8), value(9), value(10), value(11)), join(value(12), value(13), value(14), value(15))};
  return join(quarter);
}

/// f16 scales that lie at `offset` in each row.
CANDOR_INLINE F32x16 row_scales(const TileRows& rows, std::int64_t offset) {
  return f16_to_f32(row_values<std::uint16_t>(rows, offset));
}

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
