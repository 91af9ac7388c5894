// Does a history explain what is seen, or does it only explain it better than one rounding does?
#pragma once

#include "audit/judge/measured.h"

namespace candor::audit_internal {

/// Sums, averages and merges of bf16 values also have ties that go to even codes, and small differences on lattices:
/// far likelier under "through f16" than under one rounding, and yet neither. Three marks tell them apart: f16 and TF32
/// leave the same share of even codes in every binade, and in all together; on f16's lattice there are odd
/// multiples of 2^-24, and every second even one is a multiple of four; and the power of two has the width of the
/// history. `share` of the values have it, the rest is genuine.
bool fits(const Measured& measured, History history, double share);

/// The same marks one by one, for evidence that was pooled. The variance of a binade has the dispersion in it.
bool parity_fits(const std::vector<ParityBinade>& binades, History history, double share);
bool ratio_fits(double ratio, double deviation, History history, double share);
/// Powers of two binade by binade. Training in bf16 leaves too many in some and too few in others, whose mean may be
/// that of any history.
bool powers_fit(const std::vector<PowerBinade>& binades, double dispersion, History history);
struct LatticeCounts {
  // Multiples of 2^-24 in [2^-22, 2^-17); the first counts as half, so that a sloping density cancels.
  double odds = 0, evens = 0;
  double fours = 0;  // those of the even ones that are multiples of four
  void add(const FoldedCodes& codes);
  /// As many odd multiples as a trip through f16 leaves. Differences and sums of bf16 values lie on coarser lattices:
  /// their multiples of 2^-24 are even.
  bool fits(double odd_share) const;
};

/// Odd ones among the multiples of 2^-24: one in two of what was rounded to f16 from a wide format, no fewer than one
/// in four of what was bf16 before.
double odd_share(History history);

/// f16's lattice alone, for values whose codes elsewhere tell of arithmetic before the trip.
bool lattice_fits(const FoldedCodes& codes, History history);

/// Bits for a history against numbers of steps of 2^-24, such as differences of f32 numbers near one, that were rounded
/// once: up to 2^-9 these leave more even codes, above as many as odd ones. A surplus there is against them, whatever
/// the history.
double bits_over_differences(const Measured& measured, History history);
/// The same of several tensors together, without that surplus.
struct OverDifferences {
  double all = 0, half = 0, half_expected = 0;  // bits if all steps are odd multiples, or half of them
  void add(const Measured& measured, History history);
  double bits() const;
};
/// What the bits must reach for f16 to be named.
double bits_to_be_no_difference(History history);

/// More even codes from binade to binade below 2^-14, as f16's subnormals leave them: it shows even where the smallest
/// values were pruned.
bool has_f16_subnormals(const Measured& measured);

/// Bits of the best mixture whose lattice is finer than f16's. Weights less other weights lie on the lattices of f32's
/// last places: a part of them is on f16's too, and no more than that.
double finer_lattice_bits(const Measured& measured);

/// What values off f16's lattice tell of where they come from: above 0, from one rounding, which leaves each code of a
/// binade as often; below, from sums of bf16 values, which lie on the next finer lattices, half of them on each.
double off_lattice_bits(const FoldedCodes& codes);

}  // namespace candor::audit_internal
