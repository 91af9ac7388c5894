#include "audit/blocks/scheme_name.h"

#include <algorithm>
#include <cmath>

#include "audit/blocks/scale_traits.h"
#include "audit/blocks/whole_tensor.h"

namespace candor::audit_internal {
namespace {

using Kind = Extent::Kind;

// How the levels of an integer lattice are used. The upper 2 % of the blocks
// may be chance fits.
struct Levels {
  int largest = 0,
      span = 0;            // of the magnitude; from the lowest to the highest in one block
  double full_span = 0;    // part of the blocks with that span
  bool both_ends = false;  // both -largest and +largest occur
};

int upper(std::vector<int> values) {
  const auto at = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) * 98 / 100);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

Levels levels_of(const std::vector<Fit>& fits) {
  std::vector<int> largest, spans;
  for (const Fit& fit : fits) {
    largest.push_back(std::max(-fit.lowest, fit.highest));
    spans.push_back(fit.highest - fit.lowest);
  }
  Levels levels{.largest = upper(largest), .span = upper(spans)};
  levels.full_span =
      static_cast<double>(std::count(spans.begin(), spans.end(), levels.span)) / static_cast<double>(spans.size());
  const auto reaches = [&](int level) {
    return std::any_of(fits.begin(), fits.end(),
                       [&](const Fit& fit) { return fit.lowest == level || fit.highest == level; });
  };
  levels.both_ends = reaches(levels.largest) && reaches(-levels.largest);
  return levels;
}

constexpr int kWidths[] = {2, 3, 4, 5, 6, 8};

int symmetric_width(int largest) {
  for (const int width : kWidths) {
    if (largest <= 1 << (width - 1)) return width;
  }
  return 9;
}

// Beyond level 200 bf16 tells neighbours apart only just: one step too many is
// still eight bits.
int asymmetric_width(int span) {
  for (const int width : kWidths) {
    if (span < 1 << width) return width;
  }
  return span <= (1 << 8) + 1 ? 8 : 9;
}

std::string width_name(int width, bool symmetric) {
  return std::string("int").append(std::to_string(width)).append(symmetric ? " symmetric" : " asymmetric");
}

bool blocks_of(const Tally& tally, std::uint32_t block) {
  return tally.extent.kind == Kind::rows && tally.extent.block == block;
}

bool has_legacy_levels(const Levels& levels) {
  return levels.largest == 8 || levels.largest == 16 || levels.largest == 127;
}

// GGUF's legacy types put the largest value on the outermost level of the sign
// that has one more.
std::string symmetric_alias(const TensorSlice& slice, const Tally& tally, const Levels& levels) {
  if (blocks_of(tally, 16)) {
    if (levels.largest <= 32 && levels.largest > 16 && has_super_blocks(slice, tally, 128)) return " (q6_k)";
  }
  if (!has_legacy_levels(levels) || !blocks_of(tally, 32) || !scales_are_f16(tally.fits)) return "";
  return levels.largest == 8 ? " (q4_0)" : levels.largest == 16 ? " (q5_0)" : " (q8_0)";
}

std::string affine_alias(const TensorSlice& slice, const Tally& tally, int width) {
  if (blocks_of(tally, 16)) return width == 2 && has_super_blocks(slice, tally, 15) ? " (q2_k)" : "";
  if (!blocks_of(tally, 32) || (width != 4 && width != 5)) return "";
  if (has_super_blocks(slice, tally, 63)) return width == 4 ? " (q4_k)" : " (q5_k)";
  if (!scales_are_f16(tally.fits) || !zeros_are_f16(tally.fits)) return "";
  return width == 4 ? " (q4_1)" : " (q5_1)";
}

std::string integer_name(const TensorSlice& slice, const Tally& tally) {
  const Levels levels = levels_of(tally.fits);
  const int symmetric = symmetric_width(levels.largest), asymmetric = asymmetric_width(levels.span);
  if (std::min(symmetric, asymmetric) > 8) return "";
  // -4 … 3 by a scale of either sign, as its super-block has them.
  if (blocks_of(tally, 16) && levels.largest == 4 && has_super_blocks(slice, tally, 32)) return "int3 symmetric (q3_k)";
  const std::string alias = symmetric_alias(slice, tally, levels);
  // -8 … 7 is symmetric as GGUF means it. A zero point shows when some blocks
  // have the extra level below and others above, and nearly all use every
  // level.
  const bool all_levels = levels.span == (1 << asymmetric) - 1 && levels.full_span > 0.5;
  const bool extra_level = levels.largest == 1 << (symmetric - 1) && (!levels.both_ends || !alias.empty());
  if (asymmetric < symmetric || (all_levels && !extra_level)) return width_name(asymmetric, false);
  return width_name(symmetric, true).append(alias);
}

std::string affine_name(const TensorSlice& slice, const Tally& tally) {
  const int width = asymmetric_width(levels_of(tally.fits).span);
  return width > 8 ? "" : width_name(width, false).append(affine_alias(slice, tally, width));
}

std::string fp4_name(const Tally& tally) {
  if (scales_are_powers_of_two(tally.fits)) return "mxfp4";
  if (tally.extent.block == 16 && scales_are_e4m3(tally.fits)) return "nvfp4";
  return "fp4 e2m1";
}

// Microscaling: powers of two are multiples of one another, so the levels must
// speak for the scheme: five and seven halves never occur between others that
// do.
bool is_microscaled(const Tally& tally) {
  if (tally.family != Family::fp4 || tally.fraction() < 0.9 || !scales_are_powers_of_two(tally.fits)) return false;
  double magnitudes = 0;
  for (const Fit& fit : tally.fits) magnitudes += fit.magnitudes;
  return different_powers(tally.fits) >= 2 || magnitudes >= 6 * static_cast<double>(tally.fits.size());
}

// By family, once it is known to be a scheme.
std::string name_of(const TensorSlice& slice, const Tally& tally) {
  switch (tally.family) {
    case Family::integer:
      return integer_name(slice, tally);
    case Family::affine:
      return affine_name(slice, tally);
    case Family::nf4:
      return "nf4";
    case Family::fp4:
      return fp4_name(tally);
    case Family::fp4_bitsandbytes:
      return "fp4 (bitsandbytes)";
    case Family::iq4_nl:
      return has_super_blocks(slice, tally, 32) ? "iq4_xs" : "iq4_nl";
    case Family::fp8_e4m3:
      return "fp8 e4m3";
    case Family::fp8_e5m2:
      break;
  }
  return "fp8 e5m2";
}

OneLattice one_lattice_of(const BlockSet& set, double fewest) {
  constexpr double kPowersOfTwo = 0.5;  // a block whose values are multiples of three by chance has another scale
  for (const Family family : {Family::integer, Family::affine}) {
    const Tally tally = try_blocks(set, family);
    if (tally.fraction() < fewest || evidence_bits(tally) <= 0) continue;
    if (is_one_lattice(set, tally)) return OneLattice::yes;
    // Differences of bf16 values are multiples of their last bits, which a neighbourhood of values shares.
    if (share_of_powers_of_two(tally.fits) >= kPowersOfTwo) return OneLattice::powers_of_two;
  }
  return OneLattice::no;
}

}  // namespace

OneLattice one_lattice_throughout(BlockShelf& shelf, const Tally& scheme) {
  const double fewest = std::max(0.1, scheme.fraction() / 2);
  const bool down = scheme.extent.kind == Kind::columns || scheme.extent.kind == Kind::column;
  const OneLattice along_rows = one_lattice_of(shelf.blocks({.kind = Kind::rows, .block = 16}), fewest);
  // Where columns have different sizes, few blocks along rows are small enough to show the lattice.
  if (along_rows != OneLattice::no || !down) return along_rows;
  return one_lattice_of(shelf.blocks({.kind = Kind::columns, .block = 16}), fewest);
}

std::string scheme_name(const TensorSlice& slice, const Tally& tally, OneLattice lattice) {
  if (tally.fits.empty()) return "";
  constexpr std::size_t kFewestBlocks = 3;  // whose scales can be seen to differ
  const bool whole =
      lattice != OneLattice::no || tally.extent.kind == Kind::tensor || tally.fits.size() < kFewestBlocks;
  if (!whole || is_microscaled(tally)) return name_of(slice, tally);
  const std::optional<Tally> of_tensor = scheme_of_the_tensor(slice, tally);
  return of_tensor ? name_of(slice, *of_tensor) : "";
}

}  // namespace candor::audit_internal
