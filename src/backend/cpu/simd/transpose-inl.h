// Transposes small squares of 32-bit words: moves bits, so each ISA may use the width that suits it.
#pragma once

#include <cstddef>

#include "backend/cpu/simd/simd.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

CANDOR_INLINE __m128 load_words(const std::byte* p) { return _mm_loadu_ps(reinterpret_cast<const float*>(p)); }

#if CANDOR_ISA_LEVEL == 0
inline constexpr int kSquare = 4;

/// out[16 c + r] = word c of rows[r] from byte `offset` on, for r, c < kSquare.
CANDOR_INLINE void transpose_square(const std::byte* const* rows, std::int64_t offset, float* out) {
  __m128 r0 = load_words(rows[0] + offset), r1 = load_words(rows[1] + offset);
  __m128 r2 = load_words(rows[2] + offset), r3 = load_words(rows[3] + offset);
  _MM_TRANSPOSE4_PS(r0, r1, r2, r3);
  _mm_storeu_ps(out, r0);
  _mm_storeu_ps(out + 16, r1);
  _mm_storeu_ps(out + 32, r2);
  _mm_storeu_ps(out + 48, r3);
}
#else
inline constexpr int kSquare = 8;

/// out[16 c + r] = word c of rows[r] from byte `offset` on, for r, c < kSquare.
CANDOR_INLINE void transpose_square(const std::byte* const* rows, std::int64_t offset, float* out) {
  __m256 a[8], b[8];
  for (int i = 0; i < 4; ++i) {  // rows i and i + 4 share a register: 128-bit loads do part of the work
    const std::byte* low = rows[i] + offset;
    const std::byte* high = rows[i + 4] + offset;
    a[i] = _mm256_insertf128_ps(_mm256_castps128_ps256(load_words(low)), load_words(high), 1);
    a[i + 4] = _mm256_insertf128_ps(_mm256_castps128_ps256(load_words(low + 16)), load_words(high + 16), 1);
  }
  for (int h = 0; h < 8; h += 4) {
    b[h] = _mm256_unpacklo_ps(a[h], a[h + 1]);
    b[h + 1] = _mm256_unpackhi_ps(a[h], a[h + 1]);
    b[h + 2] = _mm256_unpacklo_ps(a[h + 2], a[h + 3]);
    b[h + 3] = _mm256_unpackhi_ps(a[h + 2], a[h + 3]);
    _mm256_storeu_ps(out + 16 * h, _mm256_shuffle_ps(b[h], b[h + 2], 0x44));
    _mm256_storeu_ps(out + 16 * (h + 1), _mm256_shuffle_ps(b[h], b[h + 2], 0xee));
    _mm256_storeu_ps(out + 16 * (h + 2), _mm256_shuffle_ps(b[h + 1], b[h + 3], 0x44));
    _mm256_storeu_ps(out + 16 * (h + 3), _mm256_shuffle_ps(b[h + 1], b[h + 3], 0xee));
  }
}
#endif

/// out[16 c + r] = word c of rows[r], for r < 16, c < words. Rows need no alignment.
CANDOR_INLINE void transpose_rows(const std::byte* const* rows, std::int64_t words, float* out) {
  std::int64_t c = 0;
  for (; c + kSquare <= words; c += kSquare) {
    for (int r = 0; r < kLanes; r += kSquare) transpose_square(rows + r, 4 * c, out + 16 * c + r);
  }
  for (; c < words; ++c) {
    for (int r = 0; r < kLanes; ++r) __builtin_memcpy(out + 16 * c + r, rows[r] + 4 * c, 4);
  }
}

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
