#include <algorithm>
#include <cmath>
#include <set>

#include "audit/blocks/search.h"

namespace candor::audit_internal {
namespace {

// Families times extents and axes that search_schemes may look at.
constexpr double kSchemesTried = 8 * 16;

}  // namespace

double evidence_bits(const Tally& tally) {
  if (tally.fitting == 0) return -std::log2(kSchemesTried);
  const double tested = static_cast<double>(tally.tested), fitting = static_cast<double>(tally.fitting);
  const double part = fitting / tested, rest = tested - fitting;
  return tally.bits + fitting * std::log2(part) + (rest > 0 ? rest * std::log2(1 - part) : 0) - std::log2(tested + 1) -
         std::log2(kSchemesTried);
}

BlockSet read_blocks(const TensorSlice& slice, const Extent& extent, std::uint64_t wanted) {
  thread_local Places places;
  BlockSet set{.extent = extent, .blocks = {}, .where = {}};
  std::set<std::uint64_t> seen;
  Block block;
  const std::uint64_t count = block_count(slice, extent), tries = std::min(wanted, count);
  for (std::uint64_t i = 0; i < tries; ++i) {
    const std::uint64_t index = spread_index(i, tries, count);
    fitted_places(slice, extent, index, places);
    if (!read_block(slice, places, block) || !seen.insert(block.hash).second) continue;
    set.blocks.push_back(std::move(block));
    set.where.push_back(index);
  }
  return set;
}

Tally try_blocks(const BlockSet& set, Family family) {
  Tally tally{.family = family, .extent = set.extent};
  for (std::size_t i = 0; i < set.blocks.size(); ++i) {
    const Block& block = set.blocks[i];
    if (!block.crowded && !has_enough_values(family, block)) continue;
    ++tally.tested;
    Fit fit = fit_block(family, block);
    if (!fit.fits) continue;
    fit.elements = block.elements - block.zeros;
    fit.magnitudes = static_cast<std::uint32_t>(block.magnitudes);
    ++tally.fitting;
    tally.bits += fit.bits;
    tally.score += fit.score;
    tally.elements += fit.elements;
    tally.fits.push_back(fit);
    tally.which.push_back(i);
  }
  return tally;
}

bool is_one_lattice(const BlockSet& set, const Tally& tally) {
  if (tally.fits.size() < 3) return false;
  std::size_t finest = 0;
  for (std::size_t i = 1; i < tally.fits.size(); ++i) {
    if (tally.fits[i].scale() < tally.fits[finest].scale()) finest = i;
  }
  std::uint64_t on = 0;
  for (std::size_t i = 0; i < tally.fits.size(); ++i) {
    if (i != finest) on += on_lattice(set.blocks[tally.which[i]], tally.fits[finest]) ? 1 : 0;
  }
  return 2 * on > tally.fits.size() - 1;
}

const BlockSet& BlockShelf::blocks(const Extent& extent) {
  constexpr std::uint64_t kBlocks = 24;
  for (const BlockSet& set : sets_) {
    if (set.extent == extent) return set;
  }
  return sets_.emplace_back(read_blocks(slice_, extent, kBlocks));
}

}  // namespace candor::audit_internal
