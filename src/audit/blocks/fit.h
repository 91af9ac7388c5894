// Whether a block's values lie on scale * level (+ zero) of a family of
// schemes, and how surprising that is.
//
// The scale has a closed form up to one number: the element of largest
// magnitude lies on some level. For each candidate level the scale is confined
// to an interval; every further value must come from a level and narrows the
// interval. Under the hypothesis that nothing was quantised a value hits a
// level's window with probability window / spacing, so the product of these
// probabilities times the candidate's prior weight bounds the chance of the
// fit: 2^-bits. The priors sum to one, hence the mean of 2^bits over genuine
// blocks is at most 1 (an e-value), and bits of blocks may be added.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "audit/blocks/block.h"

namespace candor::audit_internal {

enum class Family : std::uint8_t { integer, affine, nf4, fp4, fp4_bitsandbytes, iq4_nl, fp8_e4m3, fp8_e5m2 };
inline constexpr Family kFamilies[] = {Family::integer,          Family::affine, Family::nf4,      Family::fp4,
                                       Family::fp4_bitsandbytes, Family::iq4_nl, Family::fp8_e4m3, Family::fp8_e5m2};
inline constexpr int kMostSteps = 255;  // between an integer lattice's zero and its outermost level

struct Fit {
  bool fits = false;
  double bits = 0;   // of evidence, each different value once
  double score = 0;  // the same for every element, to compare schemes that both fit
  double low = 0,
         high = 0;                  // of the scale; negative where a codebook is mirrored
  double zero = 0, zero_error = 0;  // affine: value of the lowest level
  std::uint32_t elements = 0,
                magnitudes = 0;  // of the block: not zero; different
  int lowest = 0,
      highest = 0;  // integer lattices: levels in use; affine: lowest is 0

  double scale() const { return (low + high) / 2; }
};

Fit fit_integers(const Block& block);         // scale * k
Fit fit_affine_integers(const Block& block);  // scale * k + zero

/// Not `fits` where the block has too few different values to tell.
Fit fit_block(Family family, const Block& block);

/// Whether the block has enough different values for a fit of this family to
/// mean anything.
bool has_enough_values(Family family, const Block& block);

/// True when all the block's values are on the lattice zero + scale * Z and
/// that is no accident.
bool on_lattice(const Block& block, const Fit& lattice);

/// A lattice through zero for numbers known to an error: the steps of
/// sub-blocks, as multiples of a super-block's.
Fit fit_multiples(std::span<const Point> points, int most_steps);

/// Levels of a codebook, ascending, both signs.
std::span<const double> codebook_levels(Family family);

}  // namespace candor::audit_internal
