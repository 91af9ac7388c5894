// The register tiles. Every lane is one output; k goes in pairs, odd element first, then even, each a fused
// multiply-add in f32: the order in which VDPBF16PS adds, so that all ISA classes give the same bits.
#pragma once

#include "backend/cpu/matmul/accumulate.h"
#include "backend/cpu/matmul/register_tiles.h"
#include "backend/cpu/simd/simd.h"
#include "backend/cpu/simd/unroll.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

// How row k of a tile (16 weights) is read from each packed format.
struct F32Tile {
  static constexpr std::int64_t kPairBytes = 128;
  static constexpr bool kWholePairs = false;
  CANDOR_INLINE F32x16 odd(const std::byte* pair) { return load(reinterpret_cast<const float*>(pair) + kLanes); }
  CANDOR_INLINE F32x16 even(const std::byte* pair) { return load(reinterpret_cast<const float*>(pair)); }
};

struct F16Tile {
  static constexpr std::int64_t kPairBytes = 64;
  static constexpr bool kWholePairs = false;
  CANDOR_INLINE F32x16 odd(const std::byte* pair) { return load(reinterpret_cast<const F16*>(pair) + kLanes); }
  CANDOR_INLINE F32x16 even(const std::byte* pair) { return load(reinterpret_cast<const F16*>(pair)); }
};

struct Bf16Tile {
  static constexpr std::int64_t kPairBytes = 64;
  static constexpr bool kWholePairs = false;
  CANDOR_INLINE F32x16 odd(const std::byte* pair) {
    F32x16 even, odd;
    load_bf16_pairs(reinterpret_cast<const std::uint32_t*>(pair), even, odd);
    return odd;
  }
  CANDOR_INLINE F32x16 even(const std::byte* pair) {
    F32x16 even, odd;
    load_bf16_pairs(reinterpret_cast<const std::uint32_t*>(pair), even, odd);
    return even;
  }
};

/// The panel holds bf16 pairs as well, and one instruction multiplies pairs.
struct Bf16PairTile {
  static constexpr std::int64_t kPairBytes = 64;
  static constexpr bool kWholePairs = true;
};

template <int kRows, int kTiles> struct Sums { F32x16 v[kRows][kTiles]; };

/// sums[r][c] += x[r · kPanelStride] · w[c]
template <int kRows, int kTiles>
CANDOR_INLINE void step(Sums<kRows, kTiles>& sums, const float* x, const F32x16 (&w)[kTiles]) {
  CANDOR_UNROLL
  for (int r = 0; r < kRows; ++r) {
    const F32x16 value = set1(x[r * kPanelStride]);
    CANDOR_UNROLL
    for (int c = 0; c < kTiles; ++c) sums.v[r][c] = fma(value, w[c], sums.v[r][c]);
  }
}

template <class Tile, int kRows, int kTiles>
CANDOR_INLINE void add_pair(Sums<kRows, kTiles>& sums, const float* x, const std::byte* tiles, std::int64_t stride) {
  F32x16 w[kTiles];
  CANDOR_UNROLL
  for (int c = 0; c < kTiles; ++c) w[c] = Tile::odd(tiles + c * stride);
  step(sums, x + 1, w);
  CANDOR_UNROLL
  for (int c = 0; c < kTiles; ++c) w[c] = Tile::even(tiles + c * stride);
  step(sums, x, w);
}

#if CANDOR_ISA_LEVEL >= 3
template <int kRows, int kTiles>
CANDOR_INLINE void add_bf16_pair(Sums<kRows, kTiles>& sums, const std::uint32_t* x, const std::byte* tiles,
                                 std::int64_t stride) {
  CANDOR_UNROLL
  for (int r = 0; r < kRows; ++r) {
    CANDOR_UNROLL
    for (int c = 0; c < kTiles; ++c)
      sums.v[r][c] = dot_bf16_pairs(sums.v[r][c], reinterpret_cast<const std::uint32_t*>(tiles + c * stride),
                                    x[r * kPanelStride]);
  }
}
#endif

/// The last k of an odd K. Its odd partner is zero times zero, which still turns a sum of -0 into +0.
template <class Tile, int kRows, int kTiles>
CANDOR_INLINE void add_half_pair(Sums<kRows, kTiles>& sums, const float* x, const std::byte* tiles,
                                 std::int64_t stride) {
  F32x16 w[kTiles];
  CANDOR_UNROLL
  for (int c = 0; c < kTiles; ++c) w[c] = zero();
  step(sums, x + 1, w);
  CANDOR_UNROLL
  for (int c = 0; c < kTiles; ++c) w[c] = Tile::even(tiles + c * stride);
  step(sums, x, w);
}

/// Bytes ahead of the arithmetic that weights are asked for, when so few rows share them that memory is the bound. A
/// lone row reads four rising streams, which the processor's own prefetcher follows better than any request of ours.
inline constexpr std::int64_t kPrefetchBytes = 1024;
inline constexpr int kPrefetchRows = 8;

template <class Tile, int kRows, int kTiles>
CANDOR_INLINE void prefetch_pair(const std::byte* tiles, std::int64_t stride) {
  if constexpr (kRows > 1 && kRows <= kPrefetchRows) {
    CANDOR_UNROLL
    for (int c = 0; c < kTiles; ++c) {
      const char* ahead = reinterpret_cast<const char*>(tiles + c * stride + kPrefetchBytes);
      _mm_prefetch(ahead, _MM_HINT_T0);
      if constexpr (Tile::kPairBytes == 128) _mm_prefetch(ahead + 64, _MM_HINT_T0);
    }
  }
}

template <class Tile, int kRows, int kTiles>
void accumulate_shape(const AccumulateArgs& args) {
  Sums<kRows, kTiles> sums;
  CANDOR_UNROLL
  for (int i = 0; i < kRows * kTiles; ++i)
    sums.v[i / kTiles][i % kTiles] = args.first ? zero() : load(args.sums + i * kLanes);
  const auto* x = static_cast<const float*>(args.x);
  const std::byte* tiles = args.tiles;
  for (std::int64_t p = 0; p < args.pairs; ++p, tiles += Tile::kPairBytes) {
    prefetch_pair<Tile, kRows, kTiles>(tiles, args.tile_stride);
#if CANDOR_ISA_LEVEL >= 3
    add_bf16_pair(sums, static_cast<const std::uint32_t*>(args.x) + p, tiles, args.tile_stride);
#else
    add_pair<Tile>(sums, x + 2 * p, tiles, args.tile_stride);
#endif
  }
  if constexpr (!Tile::kWholePairs) {
    if (args.half_pair) add_half_pair<Tile>(sums, x + 2 * args.pairs, tiles, args.tile_stride);
  }
  CANDOR_UNROLL
  for (int i = 0; i < kRows * kTiles; ++i) store(args.sums + i * kLanes, sums.v[i / kTiles][i % kTiles]);
}

template <class Tile, int kRows, int kTiles> constexpr Accumulate shape_or_null() {
  if constexpr (has_shape(kRows, kTiles)) return accumulate_shape<Tile, kRows, kTiles>;
  return nullptr;
}

template <class Tile, int kRows> CANDOR_INLINE void accumulate_rows(const AccumulateArgs& args) {
  static constexpr Accumulate kShapes[] = {
      nullptr, shape_or_null<Tile, kRows, 1>(), shape_or_null<Tile, kRows, 2>(), shape_or_null<Tile, kRows, 3>(),
      shape_or_null<Tile, kRows, 4>()};
  kShapes[args.tiles_count](args);
}

/// The register tile for args.rows × args.tiles_count.
template <class Tile> CANDOR_INLINE void accumulate(const AccumulateArgs& args) {
  switch (args.rows) {
    case 1: return accumulate_rows<Tile, 1>(args);
    case 2: return accumulate_rows<Tile, 2>(args);
    case 3: return accumulate_rows<Tile, 3>(args);
    case 4: return accumulate_rows<Tile, 4>(args);
    case 5: return accumulate_rows<Tile, 5>(args);
    case 6: return accumulate_rows<Tile, 6>(args);
    case 7: return accumulate_rows<Tile, 7>(args);
    case 8: return accumulate_rows<Tile, 8>(args);
  }
}

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
