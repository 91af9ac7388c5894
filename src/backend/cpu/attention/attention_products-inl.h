// The two products of attention on register blocks of several query rows: scores = q · Kᵀ and acc += P · V.
// Each output is one lane; the summed index goes up in pairs, odd element first: the order of VDPBF16PS.
#pragma once

#include "backend/cpu/attention/key_block-inl.h"
#include "backend/cpu/simd/unroll.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

// Register blocks: rows × 16-lane columns of sums. The baseline's emulated fma leaves no registers to block; avx2 has
// 16 registers, two to a column; avx512 has 32.
#if CANDOR_ISA_LEVEL == 0
inline constexpr int kRowBlock = 1;
constexpr int column_block(int) { return 1; }
#elif CANDOR_ISA_LEVEL == 1
inline constexpr int kRowBlock = 6;
constexpr int column_block(int rows) { return rows == 1 ? 4 : rows <= 3 ? 2 : 1; }
#else
inline constexpr int kRowBlock = 6;
constexpr int column_block(int) { return 4; }
#endif

/// q as the products read it: f32, or bf16 pairs where VDPBF16PS multiplies them.
#if CANDOR_ISA_LEVEL >= 3
using QueryWord = std::uint32_t;
inline constexpr std::int64_t query_words(std::int64_t dim) { return dim / 2; }
#else
using QueryWord = float;
inline constexpr std::int64_t query_words(std::int64_t dim) { return dim; }
#endif

/// sums[r][t] = q[r] · tile t. tile_stride in words.
template <class B, int kRows, int kTiles>
CANDOR_INLINE void score_tiles(const QueryWord* q, const float* tiles, std::int64_t dim, float* scores) {
  const std::int64_t tile_stride = KeyTile<B>::words(dim) * kLanes, q_stride = query_words(dim);
  F32x16 sum[kRows][kTiles];
  CANDOR_UNROLL for (int r = 0; r < kRows; ++r) {
    CANDOR_UNROLL for (int t = 0; t < kTiles; ++t) sum[r][t] = zero();
  }
  for (std::int64_t i = 0; i < dim / 2; ++i) {
#if CANDOR_ISA_LEVEL >= 3
    CANDOR_UNROLL for (int t = 0; t < kTiles; ++t) {
      const auto* pairs = reinterpret_cast<const std::uint32_t*>(tiles + t * tile_stride) + i * kLanes;
      CANDOR_UNROLL for (int r = 0; r < kRows; ++r) sum[r][t] = dot_bf16_pairs(sum[r][t], pairs, q[r * q_stride + i]);
    }
#else
    F32x16 key[kTiles];
    CANDOR_UNROLL for (int t = 0; t < kTiles; ++t) key[t] = KeyTile<B>::odd(tiles + t * tile_stride, i);
    CANDOR_UNROLL for (int r = 0; r < kRows; ++r) {
      const F32x16 element = set1(q[r * q_stride + 2 * i + 1]);
      CANDOR_UNROLL for (int t = 0; t < kTiles; ++t) sum[r][t] = fma(element, key[t], sum[r][t]);
    }
    CANDOR_UNROLL for (int t = 0; t < kTiles; ++t) key[t] = KeyTile<B>::even(tiles + t * tile_stride, i);
    CANDOR_UNROLL for (int r = 0; r < kRows; ++r) {
      const F32x16 element = set1(q[r * q_stride + 2 * i]);
      CANDOR_UNROLL for (int t = 0; t < kTiles; ++t) sum[r][t] = fma(element, key[t], sum[r][t]);
    }
#endif
  }
  CANDOR_UNROLL for (int r = 0; r < kRows; ++r) {
    CANDOR_UNROLL for (int t = 0; t < kTiles; ++t) store(scores + r * kBlock + t * kLanes, sum[r][t]);
  }
}

/// scores [kRows][64]: the first `count` keys (the others of their tiles too).
template <class B, int kRows>
__attribute__((noinline)) void score_rows(const QueryWord* q, const float* tiles, std::int64_t dim, std::int64_t count,
                                          float* scores) {
  constexpr int kColumns = column_block(kRows);
  const std::int64_t needed = (count + kLanes - 1) / kLanes, tile_stride = KeyTile<B>::words(dim) * kLanes;
  std::int64_t t = 0;
  for (; t + kColumns <= needed; t += kColumns) {
    score_tiles<B, kRows, kColumns>(q, tiles + t * tile_stride, dim, scores + t * kLanes);
  }
  for (; t < needed; ++t) score_tiles<B, kRows, 1>(q, tiles + t * tile_stride, dim, scores + t * kLanes);
}

/// acc[r][0 … 16 kColumns) += sum over keys j in [begin, end) of p[r][j] · values[j]; begin is even.
template <int kRows, int kColumns>
CANDOR_INLINE void add_columns(const float* p, const float* values, std::int64_t padded, std::int64_t begin,
                               std::int64_t end, float* acc) {
  F32x16 sum[kRows][kColumns];
  CANDOR_UNROLL for (int r = 0; r < kRows; ++r) {
    CANDOR_UNROLL for (int c = 0; c < kColumns; ++c) sum[r][c] = load(acc + r * padded + c * kLanes);
  }
  const auto add_key = [&](std::int64_t j) __attribute__((always_inline)) {
    F32x16 value[kColumns];
    CANDOR_UNROLL for (int c = 0; c < kColumns; ++c) value[c] = load(values + j * padded + c * kLanes);
    CANDOR_UNROLL for (int r = 0; r < kRows; ++r) {
      const F32x16 weight = set1(p[r * kBlock + j]);
      CANDOR_UNROLL for (int c = 0; c < kColumns; ++c) sum[r][c] = fma(weight, value[c], sum[r][c]);
    }
  };
  std::int64_t j = begin;
  for (; j + 2 <= end; j += 2) {
    add_key(j + 1);
    add_key(j);
  }
  if (j < end) add_key(j);
  CANDOR_UNROLL for (int r = 0; r < kRows; ++r) {
    CANDOR_UNROLL for (int c = 0; c < kColumns; ++c) store(acc + r * padded + c * kLanes, sum[r][c]);
  }
}

template <int kRows>
__attribute__((noinline)) void add_values(const float* p, const float* values, std::int64_t padded, std::int64_t begin,
                                          std::int64_t end, float* acc) {
  constexpr int kColumns = column_block(kRows);
  std::int64_t d = 0;
  for (; d + kColumns * kLanes <= padded; d += kColumns * kLanes) {
    add_columns<kRows, kColumns>(p, values + d, padded, begin, end, acc + d);
  }
  for (; d < padded; d += kLanes) add_columns<kRows, 1>(p, values + d, padded, begin, end, acc + d);
}

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
