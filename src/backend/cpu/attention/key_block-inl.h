// One block of up to 64 keys made ready in scratch: K turned into tiles of 16 keys (one key per lane), V widened to
// f32.
#pragma once

#include "backend/cpu/simd/transpose-inl.h"
#include "kernels/attention.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

inline constexpr std::int64_t kBlock = kAttentionBlock;
inline constexpr std::int64_t kTilesPerBlock = kBlock / kLanes;

/// How a tile of K stores its elements: f32 [D][16], or bf16 pairs [D/2][16] (low half = even element).
template <class B> struct KeyTile {
  static constexpr std::int64_t words(std::int64_t dim) { return dim; }
  CANDOR_INLINE F32x16 odd(const float* tile, std::int64_t pair) { return load(tile + (2 * pair + 1) * kLanes); }
  CANDOR_INLINE F32x16 even(const float* tile, std::int64_t pair) { return load(tile + 2 * pair * kLanes); }
};
template <> struct KeyTile<Bf16> {
  static constexpr std::int64_t words(std::int64_t dim) { return dim / 2; }
  CANDOR_INLINE F32x16 odd(const float* tile, std::int64_t pair) {
    F32x16 low, high;
    load_bf16_pairs(reinterpret_cast<const std::uint32_t*>(tile) + pair * kLanes, low, high);
    return high;
  }
  CANDOR_INLINE F32x16 even(const float* tile, std::int64_t pair) {
    F32x16 low, high;
    load_bf16_pairs(reinterpret_cast<const std::uint32_t*>(tile) + pair * kLanes, low, high);
    return low;
  }
};

/// n elements (any count) widened to f32; `padded` elements are written, zeros after n.
template <class B> CANDOR_INLINE void widen_row(const B* x, std::int64_t n, std::int64_t padded, float* y) {
  std::int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(y + i, load(x + i));
  if (i < padded) store(y + i, load_first(x + i, n - i));
}

/// Sixteen keys from `keys` on, `stride` elements apart, into `tile`; lanes from `count` on hold zeros.
/// `spare` holds 17 rows of the padded head dim.
template <class B>
CANDOR_INLINE void pack_tile(const B* keys, std::int64_t stride, std::int64_t count, std::int64_t dim, float* tile,
                             float* spare) {
  const std::byte* rows[kLanes];
  const std::int64_t padded = (dim + kLanes - 1) / kLanes * kLanes;
  for (std::int64_t i = 0; i < padded; ++i) spare[kLanes * padded + i] = 0.0f;
  for (std::int64_t r = 0; r < kLanes; ++r) {
    rows[r] = reinterpret_cast<const std::byte*>(spare + kLanes * padded);
    if (r >= count) continue;
    rows[r] = reinterpret_cast<const std::byte*>(keys + r * stride);
    if constexpr (KeyTile<B>::words(2) == 2 && sizeof(B) == 2) {  // f16: widened before it is turned
      widen_row(keys + r * stride, dim, padded, spare + r * padded);
      rows[r] = reinterpret_cast<const std::byte*>(spare + r * padded);
    }
  }
  transpose_rows(rows, KeyTile<B>::words(dim), tile);
}

/// The keys and values of one key/value head.
template <class B> struct HeadKeys {
  const B* k;                       // first element of key 0
  const B* v;
  std::int64_t k_stride, v_stride;  // elements between keys
  std::int64_t dim, padded;         // D, and D rounded up to 16
};

/// Where the next block lies, as seen from this one: elements from a key to the key in its place.
struct Ahead { std::int64_t k, v; };

/// Fetches one row of the next block. Its address is only computed: it may lie past the last key.
template <class B> CANDOR_INLINE void prefetch_row(const B* row, std::int64_t ahead, std::int64_t dim) {
  const std::uintptr_t begin = reinterpret_cast<std::uintptr_t>(row) + static_cast<std::uintptr_t>(ahead) * sizeof(B);
  for (std::uintptr_t p = begin; p < begin + static_cast<std::uintptr_t>(dim) * sizeof(B); p += 64) {
    __builtin_prefetch(reinterpret_cast<const void*>(p), 0, 2);
  }
}

/// tiles [4][words(D)][16], values [64][padded].
template <class B>
__attribute__((noinline)) void pack_block(const HeadKeys<B>& keys, std::int64_t first, std::int64_t count,
                                          Ahead ahead, float* tiles, float* values, float* spare) {
  for (std::int64_t t = 0; t * kLanes < count; ++t) {
    pack_tile(keys.k + (first + t * kLanes) * keys.k_stride, keys.k_stride, count - t * kLanes, keys.dim,
              tiles + t * KeyTile<B>::words(keys.dim) * kLanes, spare);
    for (std::int64_t j = first + t * kLanes; j < first + (t + 1) * kLanes; ++j) {
      prefetch_row(keys.k + j * keys.k_stride, ahead.k, keys.dim);
    }
  }
  for (std::int64_t j = 0; j < count; ++j) {
    const B* row = keys.v + (first + j) * keys.v_stride;
    widen_row(row, keys.dim, keys.padded, values + j * keys.padded);
    prefetch_row(row, ahead.v, keys.dim);
  }
}

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
