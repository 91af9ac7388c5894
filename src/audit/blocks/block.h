// One block's values, made ready for a fit: different values by magnitude, each
// with what rounding may have done to it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "audit/blocks/extent.h"

namespace candor::audit_internal {

struct Point {
  double value = 0;
  double error = 0;         // the value before it was stored lies within this
  std::uint32_t count = 0;  // elements that have it
};

struct Block {
  std::vector<Point> points;  // different non-zero values, ascending magnitude
  std::uint32_t elements = 0, zeros = 0;
  std::size_t magnitudes = 0;  // different ones among the points
  bool crowded = false;        // more different values than any scheme has levels: no points
  double slack = 0;            // of arithmetic in f32, whatever the value
  std::uint64_t hash = 0;      // of the values, in order
};

/// False when the block cannot be judged: NaN or infinity, nothing but zeros,
/// or an orderly sequence (tables and ramps lie on lattices without having been
/// quantised).
bool read_block(const TensorSlice& slice, const Places& places, Block& block);

/// +v and -v are one observation: once one of them is on a lattice through
/// zero, the other is.
void fold_signs(std::span<const Point> points, std::vector<Point>& folded);

}  // namespace candor::audit_internal
