// Sixteen rows of row-major weights, turned so that each lane is a row: 4 dwords of every row at a time.
#pragma once

#include <emmintrin.h>

#include "backend/cpu/simd/simd.h"
#include "core/packed.h"
#include "core/view.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

/// First bytes of rows 16 · tile … of a matrix. Rows past its end repeat the last one: their lanes are never stored.
struct TileRows {
  const std::byte* row[kTileRows];
};

CANDOR_INLINE TileRows tile_rows(const ConstView& weight, std::int64_t tile, std::int64_t row_bytes) {
  TileRows rows;
  for (std::int64_t i = 0; i < kTileRows; ++i) {
    const std::int64_t n = tile * kTileRows + i, last = weight.shape[0] - 1;
    rows.row[i] = weight.as<std::byte>() + (n < last ? n : last) * row_bytes;
  }
  return rows;
}

struct DwordBlock {
  alignas(64) std::uint32_t v[4][kTileRows];  // [dword][row]
};

CANDOR_INLINE void transpose_4x4(const __m128 (&in)[4], DwordBlock& block, int first_row) {
  const __m128 t0 = _mm_unpacklo_ps(in[0], in[1]), t1 = _mm_unpackhi_ps(in[0], in[1]);
  const __m128 t2 = _mm_unpacklo_ps(in[2], in[3]), t3 = _mm_unpackhi_ps(in[2], in[3]);
  _mm_store_ps(reinterpret_cast<float*>(block.v[0] + first_row), _mm_movelh_ps(t0, t2));
  _mm_store_ps(reinterpret_cast<float*>(block.v[1] + first_row), _mm_movehl_ps(t2, t0));
  _mm_store_ps(reinterpret_cast<float*>(block.v[2] + first_row), _mm_movelh_ps(t1, t3));
  _mm_store_ps(reinterpret_cast<float*>(block.v[3] + first_row), _mm_movehl_ps(t3, t1));
}

/// Bytes [offset, offset + 16) of every row.
CANDOR_INLINE void transpose_dwords(const TileRows& rows, std::int64_t offset, DwordBlock& block) {
  for (int i = 0; i < kTileRows; i += 4) {
    const __m128 in[4] = {_mm_loadu_ps(reinterpret_cast<const float*>(rows.row[i] + offset)),
                          _mm_loadu_ps(reinterpret_cast<const float*>(rows.row[i + 1] + offset)),
                          _mm_loadu_ps(reinterpret_cast<const float*>(rows.row[i + 2] + offset)),
                          _mm_loadu_ps(reinterpret_cast<const float*>(rows.row[i + 3] + offset))};
    transpose_4x4(in, block, i);
  }
}

/// The same when only `bytes` < 16 are left in a row; the rest is zero.
CANDOR_INLINE void transpose_last_dwords(const TileRows& rows, std::int64_t offset, std::int64_t bytes,
                                         DwordBlock& block) {
  alignas(16) std::byte padded[kTileRows][16] = {};
  TileRows copy;
  for (int i = 0; i < kTileRows; ++i) {
    for (std::int64_t b = 0; b < bytes; ++b) padded[i][b] = rows.row[i][offset + b];
    copy.row[i] = padded[i];
  }
  transpose_dwords(copy, 0, block);
}

/// 16 dwords of 16-bit pairs: the low halves and the high halves.
CANDOR_INLINE void split_pairs(const std::uint32_t* pairs, std::uint16_t* low, std::uint16_t* high) {
  for (int i = 0; i < kTileRows; i += 8) {
    const __m128i a = _mm_loadu_si128(reinterpret_cast<const __m128i*>(pairs + i));
    const __m128i b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(pairs + i + 4));
    const __m128i low_a = _mm_srai_epi32(_mm_slli_epi32(a, 16), 16), low_b = _mm_srai_epi32(_mm_slli_epi32(b, 16), 16);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(low + i), _mm_packs_epi32(low_a, low_b));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(high + i),
                     _mm_packs_epi32(_mm_srai_epi32(a, 16), _mm_srai_epi32(b, 16)));
  }
}

/// Calls put(k, block) for every 16 bytes of each row in [k0, k0 + count), in order; k counts from 0.
template <class T, class Put>
CANDOR_INLINE void for_each_block(const TileRows& rows, std::int64_t k0, std::int64_t count, const Put& put) {
  constexpr std::int64_t kSize = sizeof(T), kStep = 16 / kSize;
  DwordBlock block;
  std::int64_t k = 0;
  for (; k + kStep <= count; k += kStep) {
    transpose_dwords(rows, (k0 + k) * kSize, block);
    put(k, block);
  }
  if (k < count) {
    transpose_last_dwords(rows, (k0 + k) * kSize, (count - k) * kSize, block);
    put(k, block);
  }
}

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
