// The likelihood of each history against one rounding from a wide source, given a smooth density: docs/audit-theory.md.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "audit/judge/folded_codes.h"
#include "audit/judge/roughness.h"

namespace candor::audit_internal {

/// log likelihood ratio as a function of the share pi of values that have the history, the rest being genuine:
/// sum of weight * log(1 + pi (ratio - 1)). Weights below zero are those of normalisers.
class ShareLikelihood {
 public:
  void add(double weight, double ratio);
  void append(const ShareLikelihood& other);
  void compact();                 // merges equal ratios
  double at(double share) const;  // natural logarithm
  double bits_at(double share) const;
  bool empty() const { return terms_.empty(); }

 private:
  struct Term {
    double weight, ratio;
  };
  static constexpr int kRecentBits = 4;

  std::vector<Term> terms_;
  // Where a ratio's term may be, by a hash: most of what is added has one of a few ratios.
  std::array<std::uint32_t, 1 << kRecentBits> recent_{};
};

/// "Pure" allows one foreign value in a million, so that a single one costs 20 bits and not everything.
inline constexpr double kPure = 1 - 0x1p-20;

struct HistoryLikelihood {
  History history = History::genuine;
  ShareLikelihood codes;  // parity and power-of-two codes, within groups of eight, above f16's coarse lattice
  ShareLikelihood small;  // below it: the lattice 2^-24, and values that f16 does not have
  ShareLikelihood gap;    // flushed: (0, 2^-14) against the band above
  ShareLikelihood all() const;
};

/// The smooth density that all histories are measured against: over each usable binade's 128 codes, in any unit.
class SmoothDensities {
 public:
  SmoothDensities(const FoldedCodes& codes, const Roughness& roughness);
  /// `nth`: of roughness.usable.
  std::span<const double, 128> of(std::size_t nth) const { return levels_[nth]; }

 private:
  std::vector<std::array<double, 128>> levels_;
};

HistoryLikelihood history_likelihood(History history, const FoldedCodes& codes, const Roughness& roughness,
                                     const SmoothDensities& densities);

struct ShareFit {
  double share = 0, low = 0,
         high = 0;            // where the likelihood is largest, and where it has fallen by 2.2: at least 95 %
  double bits = 0;            // over share 0
  double bits_over_pure = 0;  // over kPure
};
ShareFit fit_share(const ShareLikelihood& likelihood);

}  // namespace candor::audit_internal
