// Which register tiles each ISA has: rows of x × tiles of 16 lanes whose sums stay in registers.
#pragma once

#include <cstdint>

#include "backend/cpu/simd/isa.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

#if CANDOR_ISA_LEVEL == 0
inline constexpr int kMaxRows = 1;
constexpr int max_tiles(int) { return 1; }
#elif CANDOR_ISA_LEVEL == 1
inline constexpr int kMaxRows = 6;
constexpr int max_tiles(int rows) { return rows == 1 ? 4 : rows <= 3 ? 2 : 1; }
#else
inline constexpr int kMaxRows = 8;
constexpr int max_tiles(int rows) { return rows <= 4 ? 4 : 3; }
#endif

/// Tiles to take next when `left` remain: three-wide groups are balanced (4 = 2 + 2), the others are powers of two.
constexpr int tiles_at_once(int rows, std::int64_t left) {
  const int most = max_tiles(rows);
  if (most == 3) return static_cast<int>(left == 4 ? 2 : left > 3 ? 3 : left);
  int tiles = most;
  while (tiles > left) tiles /= 2;
  return tiles;
}

/// True when this register tile exists: what tiles_at_once() returns for `rows`, or for one row more (the row blocks of
/// one pass differ by one row, and share their groups of tiles).
constexpr bool has_shape(int rows, int tiles) {
  if (rows > kMaxRows || tiles > max_tiles(rows)) return false;
  return tiles_at_once(rows, tiles) == tiles || (rows < kMaxRows && tiles_at_once(rows + 1, tiles) == tiles);
}

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
