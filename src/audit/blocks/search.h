// Which family of schemes, at which extent, explains the blocks of a tensor.
#pragma once

#include <cstdint>
#include <list>
#include <vector>

#include "audit/blocks/fit.h"

namespace candor::audit_internal {

/// What trying one family on blocks of one extent gave.
struct Tally {
  Family family = Family::integer;
  Extent extent;
  std::uint64_t tested = 0, fitting = 0;
  double bits = 0;                   // of all blocks that fit
  double score = 0;                  // to compare schemes that fit the same blocks
  std::uint64_t elements = 0;        // behind the score, of blocks that fit
  std::vector<Fit> fits{};           // of the blocks that fit
  std::vector<std::size_t> which{};  // of the set, those that fit

  double fraction() const { return tested == 0 ? 0 : static_cast<double>(fitting) / static_cast<double>(tested); }
  double score_per_element() const { return elements == 0 ? 0 : score / static_cast<double>(elements); }
};

/// log2 of the Bayes factor of "a part of the blocks went through this scheme"
/// against "none did": the part is profiled and paid for, and so are all
/// schemes that were tried.
double evidence_bits(const Tally& tally);

/// Blocks of one extent, read once for all families; blocks that repeat one
/// another are there once.
struct BlockSet {
  Extent extent;
  std::vector<Block> blocks;  // without points where a block has too many
                              // different values for any scheme
  std::vector<std::uint64_t> where;
};
BlockSet read_blocks(const TensorSlice& slice, const Extent& extent, std::uint64_t wanted);

Tally try_blocks(const BlockSet& set, Family family);

/// True when one lattice holds for all blocks: multiples of a learning rate,
/// counters, an f16 grid. Then the blocks say nothing of quantising in blocks.
/// Two blocks cannot tell.
bool is_one_lattice(const BlockSet& set, const Tally& tally);

/// Reads the blocks of an extent when they are first asked for.
class BlockShelf {
 public:
  explicit BlockShelf(const TensorSlice& slice) : slice_(slice) {}
  const BlockSet& blocks(const Extent& extent);
  const TensorSlice& slice() const { return slice_; }

 private:
  TensorSlice slice_;
  std::list<BlockSet> sets_;
};

/// For each family that fits the largest extent that nearly all fitting blocks
/// share; best first: of those that fit as many blocks, the one with the widest
/// spacing.
std::vector<Tally> search_schemes(BlockShelf& shelf);

}  // namespace candor::audit_internal
