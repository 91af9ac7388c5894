// Which elements share a scale: the candidates, and the elements of their
// blocks.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "audit/block_evidence.h"

namespace candor::audit_internal {

struct Extent {
  enum class Kind : std::uint8_t { rows, columns, tile, row, column, tensor };
  Kind kind = Kind::rows;
  std::uint32_t block = 0;  // elements side by side (of rows and columns); edge of a tile

  bool operator==(const Extent&) const = default;
  std::string name() const;  // "32 along rows", "128x128", "row"
};

/// The slice with blocks in mind: a last dimension too short for a block
/// (convolutions) is not an axis.
TensorSlice without_short_rows(const TensorSlice& slice);

/// Blocks of this extent that lie in the slice.
std::uint64_t block_count(const TensorSlice& slice, const Extent& extent);

/// Of large blocks this many elements, evenly spaced with a jitter, stand for
/// the block.
inline constexpr std::uint64_t kMostDraws = 1024;

/// Element of a block: its place in the slice, row-major.
using Places = std::vector<std::uint64_t>;
/// Place of the block's first element.
std::uint64_t first_place(const TensorSlice& slice, const Extent& extent, std::uint64_t block);
/// Places of the lowest and the highest finite value, every element looked at.
std::pair<std::uint64_t, std::uint64_t> outermost_places(const TensorSlice& slice);
/// Place of the element of largest magnitude in a block, every element looked
/// at.
std::uint64_t largest_place(const TensorSlice& slice, const Extent& extent, std::uint64_t block);
void block_places(const TensorSlice& slice, const Extent& extent, std::uint64_t block, Places& places);
/// The same, for a fit: a block with a NaN is left out, and others say enough, but of the tensor there is only one,
/// whose finite values are taken.
void fitted_places(const TensorSlice& slice, const Extent& extent, std::uint64_t block, Places& places);

/// `wanted` of `count` things, evenly spaced with a jitter that does not
/// repeat; all when there are no more.
std::uint64_t spread_index(std::uint64_t i, std::uint64_t wanted, std::uint64_t count);

}  // namespace candor::audit_internal
