// From what was measured to a verdict. Pure logic: the sentences are in history_words.cpp.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "audit/judge/measured.h"
#include "candor/audit.h"

namespace candor::audit_internal {

// Differences of f32 numbers in [0.5, 1) are multiples of 2^-24 too, and have a deviation of 0.2: the lattice alone
// names f16 only well below that.
inline constexpr double kWidestForGrid = 0.125;

// Enough to choose between two histories once something was found, or to withhold "consistent".
inline constexpr double kHintBits = 10;

struct Mixture {
  History history = History::genuine;
  bool named = false;  // no other history explains the values about as well
  ShareFit fit;
  double bits = 0;  // the weaker of likelihood ratio and classical tests, the search over shares and histories paid
};

inline std::string_view mixture_name(const Mixture& mixture) {
  return mixture.named || !has_f16_range(mixture.history) ? history_name(mixture.history) : "through f16";
}

struct Decision {
  AuditVerdict verdict = AuditVerdict::undecidable;
  std::string sub;
  double bits = 0;
  std::optional<Mixture> mixture;  // the likeliest, when there is any to speak of
};

// Subs. The same words as in docs/audit.md.
namespace sub {
inline constexpr const char *kViaF16 = "via-f16", *kFromF16 = "from-f16", *kFlushed = "ftz",
                            *kCutF16 = "from-f16-truncated", *kF16OfUnknownSource = "f16", *kTf32 = "tf32",
                            *kF16OrTf32 = "f16-or-tf32", *kNoSupport = "no-support", *kLowPower = "low-power",
                            *kScaledGrid = "other-grid", *kDifferences = "f16-or-differences",
                            *kArithmetic = "bf16-arithmetic", *kPartialGap = "ftz-or-pruned";
}  // namespace sub

/// Attention folds 1/sqrt(d) into its weights, hardly less than 2^-8, which leaves f16 multiples of this. Smaller
/// factors are not considered: gradients whose loss was scaled are no weights.
inline constexpr int kSmallestFactor = -8, kFinestScaledF16 = kLowestGridBinade + kSmallestFactor;

/// Small values lie on a lattice that is not f16's own: f16 that was multiplied by a power of two (a folded
/// 1/sqrt(64)) leaves 2^-27, and excludes itself by the values that are off 2^-24.
inline bool has_other_lattice(const Measured& m) {
  return m.quantum.bits >= kHintBits && m.quantum.exponent != kLowestGridBinade;
}

/// More even codes than one rounding leaves: sums of bf16 values end on ties.
inline bool has_ties(const Measured& m) { return m.parity.bits >= kHintBits; }
/// More powers of two than even cutting off leaves, not in one binade alone: training in bf16 goes up from them by
/// steps twice as long as down.
inline bool has_stuck_powers(const Measured& m) { return m.zero.low_elsewhere > 1; }

/// Fewer values in (0, 2^-14) than the band above lets expect, though some are there, evenly, and the rest among the
/// zeros: f16's subnormals were flushed in a part.
inline bool has_partial_gap(const Measured& m) {
  constexpr double kChanceBits = 6;
  return m.gap.fits_part && m.gap.bits >= kHintBits && m.gap.short_of_zero <= kChanceBits;
}
/// Nor is that excluded while it is not sure that the values end before zero.
inline bool may_have_partial_gap(const Measured& m) {
  return m.gap.fits_part && m.gap.bits >= kHintBits && m.gap.short_of_zero <= 2 * kHintBits;
}

Decision decide(const Measured& measured, double threshold_bits);

}  // namespace candor::audit_internal
