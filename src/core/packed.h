// The packed weight layout, one for all x86 ISAs. Logical [N, K]; tile = 16 rows of N.
//   bf16       [N/16][K/2][16] dwords: low half = even k, high half = odd k   (what VDPBF16PS reads)
//   f32, f16   [N/16][K][16] elements
// N is padded to 16 rows and bf16's K to an even count, with zeros.
#pragma once

#include <cstdint>

#include "candor/dtype.h"

namespace candor {

inline constexpr std::int64_t kTileRows = 16;

constexpr std::int64_t packed_tiles(std::int64_t n) { return (n + kTileRows - 1) / kTileRows; }

/// Padded K of one packed row.
constexpr std::int64_t packed_k(DType dtype, std::int64_t k) { return dtype == DType::bf16 ? (k + 1) / 2 * 2 : k; }

/// Elements between the starts of consecutive tiles.
constexpr std::int64_t packed_tile_stride(DType dtype, std::int64_t k) { return packed_k(dtype, k) * kTileRows; }

/// Element index of logical (n, k) in a packed array.
constexpr std::int64_t packed_index(DType dtype, std::int64_t k_extent, std::int64_t n, std::int64_t k) {
  const std::int64_t tile = n / kTileRows * packed_tile_stride(dtype, k_extent);
  const std::int64_t lane = n % kTileRows;
  return dtype == DType::bf16 ? tile + (k / 2 * kTileRows + lane) * 2 + k % 2 : tile + k * kTileRows + lane;
}

}  // namespace candor
