#include "audit/blocks/search.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "audit/blocks/scale_traits.h"

namespace candor::audit_internal {
namespace {

constexpr std::uint32_t kSmallest = 16;
constexpr double kEnoughBits = 12;      // of a probe
constexpr double kLeastFraction = 0.1;  // of the blocks: fewer are not a scheme of the tensor
constexpr double kAsMany = 0.98;        // of the largest fraction: schemes that fit
                                        // fewer blocks fit by accident
constexpr double kNearlyAll = 0.85;     // of the fraction at the smallest extent

using Kind = Extent::Kind;

bool promising(const Tally& tally) { return tally.fraction() >= kLeastFraction && evidence_bits(tally) >= kEnoughBits; }

// Extents of one axis from small to large; what one holds the next holds as
// well.
std::vector<Extent> ladder(const TensorSlice& slice, bool along_rows) {
  const std::uint64_t length = along_rows ? slice.columns : slice.rows;
  std::vector<Extent> extents;
  for (std::uint32_t block = kSmallest; block <= 1024 && block < length; block *= 2) {
    extents.push_back({.kind = along_rows ? Kind::rows : Kind::columns, .block = block});
  }
  const bool one_line = (along_rows ? slice.rows : slice.columns) == 1;
  if (!one_line) extents.push_back({.kind = along_rows ? Kind::row : Kind::column});
  return extents;
}

// Where one scale serves more elements, each of them says more. Where it says
// less another, finer lattice was found, on which anything lies.
bool is_coarser(const Tally& larger, const Tally& smaller) {
  return larger.score_per_element() < 0.9 * smaller.score_per_element();
}

bool crosses_rows(const TensorSlice& slice, const Extent& extent) {
  return extent.kind == Kind::rows && slice.columns % extent.block != 0;
}

struct Climb {
  std::optional<Tally> best;
  bool whole_line = false;  // a row or column has one scale
  bool tile_edge = false;   // 128 have
};

// The largest extent of the axis that still holds for nearly all blocks that
// hold at its smallest.
Climb climb(BlockShelf& shelf, Family family, bool along_rows) {
  Climb found;
  double first = 0;
  for (const Extent& extent : ladder(shelf.slice(), along_rows)) {
    Tally tally = try_blocks(shelf.blocks(extent), family);
    if (!found.best) {
      if (!promising(tally)) return found;
      first = tally.fraction();
    } else if (tally.tested != 0 && (tally.fraction() < kNearlyAll * first || is_coarser(tally, *found.best))) {
      if (!crosses_rows(shelf.slice(), extent)) break;
      continue;  // a row may still have one scale
    }
    if (tally.tested == 0) continue;
    found.tile_edge = found.tile_edge || extent.block >= 128 || extent.kind == Kind::row || extent.kind == Kind::column;
    found.whole_line = extent.kind == Kind::row || extent.kind == Kind::column;
    found.best = std::move(tally);
    // Powers of two are often the same in neighbouring blocks: microscaling's
    // blocks are 32 by definition.
    if (family == Family::fp4 && extent.block == 32 && scales_are_powers_of_two(found.best->fits)) break;
  }
  return found;
}

bool holds(const Tally& tally) {
  return tally.tested != 0 && tally.fraction() >= kNearlyAll && evidence_bits(tally) > 0;
}

// Blocks on one lattice, though small values, or some that are not finite, hid it from larger blocks.
bool may_be_one_scale(BlockShelf& shelf, const Tally& best) {
  const bool integers = best.family == Family::integer || best.family == Family::affine;
  return integers && is_one_lattice(shelf.blocks(best.extent), best);
}

// What is larger than a row: a tile, the tensor. `both`: of either axis, blocks of 128 hold.
void widen(BlockShelf& shelf, bool both, Tally& best) {
  constexpr std::uint32_t kTile = 128;
  const TensorSlice& slice = shelf.slice();
  if (!both && !may_be_one_scale(shelf, best)) return;
  Tally tensor = try_blocks(shelf.blocks({.kind = Kind::tensor}), best.family);
  if (holds(tensor)) {
    best = std::move(tensor);
    return;
  }
  if (!both || (slice.rows < 2 * kTile && slice.columns < 2 * kTile)) return;
  Tally tile = try_blocks(shelf.blocks({.kind = Kind::tile, .block = kTile}), best.family);
  if (holds(tile)) best = std::move(tile);
}

std::optional<Tally> search_family(BlockShelf& shelf, Family family) {
  Climb rows = climb(shelf, family, true);
  Climb columns;
  if (shelf.slice().rows >= kSmallest) columns = climb(shelf, family, false);
  std::optional<Tally> best = std::move(rows.best);
  if (columns.best && (!best || columns.whole_line || columns.best->fraction() > best->fraction())) {
    if (!best || !rows.whole_line) best = std::move(columns.best);
  }
  if (best) widen(shelf, rows.tile_edge && (shelf.slice().rows == 1 || columns.tile_edge), *best);
  return best;
}

// Which of two says more of the blocks that both fit; of different blocks, more
// of an element.
bool says_more(const Tally& a, const Tally& b) {
  double score_a = 0, score_b = 0;
  std::size_t j = 0;
  if (a.extent == b.extent) {
    for (std::size_t i = 0; i < a.which.size(); ++i) {
      while (j < b.which.size() && b.which[j] < a.which[i]) ++j;
      if (j == b.which.size()) break;
      if (b.which[j] != a.which[i]) continue;
      score_a += a.fits[i].score;
      score_b += b.fits[j].score;
    }
  }
  if (score_a == 0 && score_b == 0) return a.score_per_element() > b.score_per_element();
  return score_a > score_b;
}

// Most blocks first; among equals the widest spacing, which the score measures.
// A lattice through zero is also affine.
void rank(std::vector<Tally>& found) {
  double most = 0, integer_score = 0;
  for (const Tally& tally : found) most = std::max(most, tally.fraction());
  std::erase_if(found, [&](const Tally& tally) { return tally.fraction() < kAsMany * most; });
  for (const Tally& tally : found) {
    if (tally.family == Family::integer) integer_score = tally.score_per_element();
  }
  std::erase_if(found, [&](const Tally& tally) {
    return tally.family == Family::affine && tally.score_per_element() < 1.5 * integer_score;
  });
  // Repeated selection: the comparison need not be transitive, so no sort is
  // given it.
  for (std::size_t first = 0; first + 1 < found.size(); ++first) {
    std::size_t best = first;
    for (std::size_t i = first + 1; i < found.size(); ++i) {
      if (says_more(found[i], found[best])) best = i;
    }
    std::rotate(found.begin() + static_cast<std::ptrdiff_t>(first), found.begin() + static_cast<std::ptrdiff_t>(best),
                found.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
}

}  // namespace

std::vector<Tally> search_schemes(BlockShelf& shelf) {
  std::vector<Tally> found;
  if (shelf.slice().columns < kSmallest) return found;
  for (const Family family : kFamilies) {
    std::optional<Tally> best = search_family(shelf, family);
    if (best) found.push_back(std::move(*best));
  }
  rank(found);
  return found;
}

}  // namespace candor::audit_internal
