#include "audit/judge/decide.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "audit/judge/fit_check.h"

namespace candor::audit_internal {

namespace {

// The best of seven histories and of shares that are this fine.
constexpr double kSearchBits = 5;

constexpr double kOffBits = 5, kOffMean = 0.4, kOffDeviation = 0.65;  // the last two of one value that was rounded once
constexpr std::uint64_t kFewOff = 50;  // one in so many values of f16's lattice may have been edited

const char* sub_of(const Mixture& mixture) {
  if (!mixture.named) return sub::kF16OfUnknownSource;
  switch (mixture.history) {
    case History::via_f16:
      return sub::kViaF16;
    case History::from_f16:
      return sub::kFromF16;
    case History::via_f16_ftz:
    case History::from_f16_ftz:
      return sub::kFlushed;
    case History::f16_truncated:
      return sub::kCutF16;
    default:  // is_mixed() lets pass only what has f16's range
      return "";
  }
}

double pure_bits(const Measured& m, History history) { return m.of(history).all().bits_at(kPure); }

// What the classical tests concede to a mixture with this history.
double classical_bits(const Measured& m, History history, const ShareFit& fit) {
  const bool level = is_level(m.codes, kHighestGridBinade - 2, kHighestGridBinade + 2);
  const double small = level ? std::max(0.0, m.of(history).small.bits_at(fit.share)) : 0;
  // A gap in a part alone may be pruning: it only adds to even codes.
  const double gap = m.gap.fits || (has_partial_gap(m) && m.parity.bits >= kHintBits) ? m.gap.bits : 0;
  switch (history) {
    case History::via_f16:
      return small;
    case History::from_f16:
      return m.parity.bits + small;
    case History::f16_truncated:
      return m.zero.bits + small;
    case History::via_f16_ftz:
      return gap;
    case History::from_f16_ftz:
      return m.parity.bits + gap;
    case History::truncated:
      return m.zero.bits;
    default:
      return m.parity.bits;
  }
}

bool worth_fitting(const ShareLikelihood& likelihood) {
  for (const double share : {0.02, 0.1, 0.3, 0.6, 0.9, 0.99, 0.9999}) {
    if (likelihood.bits_at(share) > kHintBits) return true;
  }
  return false;
}

std::optional<Mixture> likeliest_mixture(const Measured& m) {
  std::optional<Mixture> best;
  double second = -std::numeric_limits<double>::infinity();
  for (const History history : kHistories) {
    const ShareLikelihood likelihood = m.of(history).all();
    if (!worth_fitting(likelihood)) continue;
    if (history == History::via_f16_ftz && !m.gap.fits) continue;  // of a part pruning says as much
    Mixture mixture{history, false, fit_share(likelihood), 0};
    mixture.bits = std::min(mixture.fit.bits - kSearchBits, classical_bits(m, history, mixture.fit));
    if (best) second = std::max(second, std::min(best->fit.bits, mixture.fit.bits));
    if (!best || mixture.fit.bits > best->fit.bits) best = mixture;
  }
  if (best) best->named = best->fit.bits - second >= kHintBits;
  return best;
}

/// What a mixture's bits must reach for the sake of values off f16's lattice, when they are not few: they must be what
/// one rounding leaves, within two standard deviations of what so many tell; what is missing to kOffBits the rest must
/// make up for, many times. Infinity: they are not.
double bits_for_off_values(const Measured& m) {
  constexpr double kTimes = 8;
  if (m.grid.off_values <= m.grid.values / kFewOff) return 0;
  const auto off = static_cast<double>(m.grid.off_values);
  const double bits = off_lattice_bits(m.codes);
  if (bits < std::min(kOffBits, kOffMean * off - 2 * kOffDeviation * std::sqrt(off)))
    return std::numeric_limits<double>::infinity();
  return kTimes * std::max(0.0, kOffBits - bits);
}

// Part of the values, neither none nor all. Only f16's lattice shows a part, or its gap beside even codes: an excess of
// these or of powers of two that is smaller than that of a whole history may as well come from arithmetic.
bool is_mixed(const Measured& m, const Mixture& mixture, double threshold) {
  const HistoryLikelihood& likelihood = m.of(mixture.history);
  const double share = mixture.fit.share;
  // Even codes may be those of averages: beside them the lattice must be a finding of its own.
  const double wanted = mixture.history == History::from_f16 ? threshold : kHintBits;
  const bool lattice = likelihood.small.bits_at(share) >= wanted && has_f16_range(mixture.history);
  const bool gap = mixture.history == History::from_f16_ftz && has_partial_gap(m) &&
                   likelihood.gap.bits_at(share) >= kHintBits && m.parity.bits >= threshold;
  const bool not_all = m.has_f16_witness() || mixture.fit.bits_over_pure >= threshold;
  return (lattice || gap) && not_all && mixture.fit.high < kPure &&
         mixture.bits >= threshold + bits_for_off_values(m) && fits(m, mixture.history, share) &&
         (gap || mixture.fit.bits - finer_lattice_bits(m) >= kHintBits);
}

// The lattice, which is a finding by itself, with the trace that rounding or cutting f16 leaves.
double grid_finding_bits(const Measured& m) {
  const double alone = m.grid_bits();
  const double rounded = std::min(together(alone, m.parity_bits()), pure_bits(m, History::from_f16));
  const double cut = std::min(together(alone, m.zero_bits()), pure_bits(m, History::f16_truncated));
  return std::max({alone, rounded, cut});
}

Decision grid_decision(const Measured& m) {
  Decision decision{AuditVerdict::f16_grid, sub::kF16OfUnknownSource, grid_finding_bits(m), {}};
  const double via = m.of(History::via_f16).codes.bits_at(kPure);
  const double from = m.of(History::from_f16).codes.bits_at(kPure);
  const double cut = m.of(History::f16_truncated).codes.bits_at(kPure);
  if (std::min(m.parity.bits, from - std::max(via, cut)) >= kHintBits) {
    decision.sub = sub::kFromF16;
  } else if (std::min(m.zero.bits, cut - std::max(via, from)) >= kHintBits) {
    decision.sub = sub::kCutF16;
  } else if (via - from >= kHintBits) {
    decision.sub = sub::kViaF16;
  }
  return decision;
}

/// The values times the power of two that puts their lattice at 2^-24.
FoldedCodes with_f16_lattice(const Measured& m) {
  return times_power_of_two(m.codes, kLowestGridBinade - m.quantum.exponent);
}

bool may_be_scaled_f16(const Measured& m) { return has_other_lattice(m) && count_beyond_f16(with_f16_lattice(m)) == 0; }

// Averages of eight bf16 values have 11 bits too, and their small ones lie on lattices: f16's must be a finding by
// itself, or its subnormals must show.
Decision parity_decision(const Measured& m) {
  Decision decision{AuditVerdict::p11_source, sub::kF16OrTf32, m.parity_bits(), {}};
  if (m.has_f16_witness()) {
    if (!may_be_scaled_f16(m) && !may_have_partial_gap(m)) decision.sub = sub::kTf32;
  } else if (m.gap_bits() >= kHintBits) {
    decision = {AuditVerdict::f16_grid, sub::kFlushed, together(m.parity_bits(), m.gap_bits()), {}};
  } else if (has_f16_subnormals(m)) {
    decision = {AuditVerdict::f16_grid, sub::kFromF16, together(m.parity_bits(), m.grid_bits()), {}};
  }
  return decision;
}

/// Off f16's lattice as often as `part` of what one rounding leaves there, but for chance.
bool is_off_as_often(const Measured& m, double part) {
  if (m.grid.values == 0) return true;
  const auto values = static_cast<double>(m.grid.values), off = static_cast<double>(m.grid.off_values);
  const double rate = part * m.grid.expected_off / values;
  return off >= values * rate - 3 * std::sqrt(values * rate * (1 - rate));
}

/// Values that f16 as it is cannot have left: off its lattice as often as after one rounding, or on one that was moved.
bool small_values_fit(const Measured& m, const Decision& p11) {
  constexpr double kPart = 0.8;  // a scaled lattice that does not show takes some away
  if (!m.has_f16_witness()) return true;
  return p11.sub == sub::kTf32 || !may_be_scaled_f16(m) ? is_off_as_often(m, kPart)
                                                        : lattice_fits(with_f16_lattice(m), History::from_f16);
}

// The history that a finding stands for.
History history_of(const Measured& m, const Decision& decision) {
  if (decision.verdict == AuditVerdict::truncated) return History::truncated;
  if (decision.verdict == AuditVerdict::p11_source) return History::from_tf32;
  if (decision.sub == sub::kFlushed) {
    return m.parity_bits() >= kHintBits ? History::from_f16_ftz : History::via_f16_ftz;
  }
  if (decision.sub == sub::kFromF16) return History::from_f16;
  if (decision.sub == sub::kCutF16) return History::f16_truncated;
  return History::via_f16;
}

bool is_explained(const Measured& m, const Decision& decision) {
  return fits(m, history_of(m, decision), 1) || (decision.sub == sub::kF16OrTf32 && fits(m, History::from_f16, 1));
}

/// Numbers near one less each other lie on f16's lattice too. They are rounded, not cut off, and differ from rounded
/// f16 by their even codes alone.
bool may_be_differences(const Measured& m, const Decision& decision) {
  if (decision.verdict != AuditVerdict::f16_grid) return false;
  if (decision.sub == sub::kFlushed || decision.sub == sub::kCutF16) return false;
  const History history = history_of(m, decision);
  return bits_over_differences(m, history) < bits_to_be_no_difference(history);
}

std::optional<Decision> likeliest_finding(const Measured& m, double threshold) {
  const bool named = m.codes.sigma < kWidestForGrid || m.parity_bits() >= kHintBits ||
                     bits_over_differences(m, History::via_f16) >= kHintBits;
  if (m.grid_bits() >= threshold && named) return grid_decision(m);
  if (m.parity_bits() >= threshold) return parity_decision(m);
  if (m.gap_bits() >= threshold) return Decision{AuditVerdict::f16_grid, sub::kFlushed, m.gap_bits(), {}};
  if (m.zero_bits() >= threshold) return Decision{AuditVerdict::truncated, "", m.zero_bits(), {}};
  return std::nullopt;
}

/// Off f16's lattice as often as ordinary values are, and codes that no history leaves: f16 was not their last stop.
bool is_bf16_arithmetic(const Measured& m) {
  const bool off_as_often = m.grid.off != 0 && is_off_as_often(m, 1);
  return off_as_often && !may_have_partial_gap(m) && (has_ties(m) || has_stuck_powers(m)) &&
         !fits(m, History::from_tf32, 1) && !fits(m, History::truncated, 1);
}

/// f16's histories are asked for where the lattice would be f16's. It must be as sure as a finding: by less, sums of a
/// few thousand bf16 values have one too.
std::optional<Decision> scaled_f16(const Measured& m, double threshold) {
  if (!may_be_scaled_f16(m) || m.quantum.bits < threshold) return std::nullopt;
  const Measured back = measure_codes(with_f16_lattice(m), 0);
  if (!lattice_fits(back.codes, History::via_f16)) return std::nullopt;
  if (back.parity_bits() >= threshold && fits(back, History::from_f16, 1))
    return Decision{AuditVerdict::p11_source, sub::kF16OrTf32, back.parity_bits(), {}};
  if (back.zero_bits() >= threshold && fits(back, History::f16_truncated, 1))
    return Decision{AuditVerdict::truncated, "", back.zero_bits(), {}};
  const double rest = std::max(back.parity_bits(), back.zero_bits());
  if (rest < kHintBits && fits(back, History::via_f16, 1))
    return Decision{AuditVerdict::undecidable, sub::kScaledGrid, 0, {}};
  return std::nullopt;
}

Decision consistent(const Measured& m, Decision decision) {
  decision.verdict = AuditVerdict::consistent;
  double next_best = -std::numeric_limits<double>::infinity();
  for (const History history : kHistories) next_best = std::max(next_best, pure_bits(m, history));
  decision.bits = std::max(0.0, -next_best);
  return decision;
}

Decision no_finding(const Measured& m, std::optional<Mixture> mixture, double threshold) {
  // Beside values that f16 does not have, what is missing below 2^-14 was pruned.
  if (mixture && mixture->history == History::via_f16_ftz) mixture.reset();
  Decision decision;
  decision.mixture = mixture;
  const double hint = std::max({m.parity_bits(), m.zero_bits(), mixture ? mixture->bits : 0});
  if (m.grid_bits() >= threshold && fits(m, History::via_f16, 1)) {
    decision.sub = sub::kDifferences;
  } else if (has_partial_gap(m) && m.gap.bits >= threshold && std::max(hint, m.grid_bits()) < threshold) {
    decision.sub = sub::kPartialGap;
  } else if (hint >= kHintBits && !has_other_lattice(m) && is_bf16_arithmetic(m)) {
    decision.sub = sub::kArithmetic;
    return consistent(m, std::move(decision));
  } else if (std::max(hint, m.grid_bits()) >= threshold) {
    decision.sub = sub::kArithmetic;
  } else if (has_other_lattice(m)) {  // too little for a finding, and too much to exclude f16
    decision.sub = sub::kScaledGrid;
  } else if (m.has_f16_witness() && hint < kHintBits) {
    return consistent(m, std::move(decision));
  } else {
    decision.sub = m.density == 0 && hint < kHintBits ? sub::kNoSupport : sub::kLowPower;
  }
  return decision;
}

}  // namespace

Decision decide(const Measured& m, double threshold) {
  if (const std::optional<Decision> scaled = scaled_f16(m, threshold)) return *scaled;
  const std::optional<Mixture> mixture = likeliest_mixture(m);
  const Decision mixed{AuditVerdict::mixed, mixture ? sub_of(*mixture) : "", mixture ? mixture->bits : 0, mixture};
  std::optional<Decision> pure = likeliest_finding(m, threshold);
  if (pure && pure->verdict == AuditVerdict::p11_source && !small_values_fit(m, *pure)) pure.reset();
  if (pure && !is_explained(m, *pure)) {
    // The lattice stands by itself; what the rest of the codes tells came before f16.
    const bool by_grid = pure->verdict == AuditVerdict::f16_grid && m.grid_bits() >= threshold;
    if (by_grid && m.codes.sigma < kWidestForGrid && lattice_fits(m.codes, History::via_f16))
      *pure = {AuditVerdict::f16_grid, sub::kF16OfUnknownSource, m.grid_bits(), {}};
    else
      pure.reset();
  }
  if (pure && may_be_differences(m, *pure)) return {AuditVerdict::undecidable, sub::kDifferences, 0, mixture};
  if (mixture && is_mixed(m, *mixture, threshold)) {
    // A pure finding stands unless the mixture explains the values better by as much as a finding needs.
    if (!pure || mixture->fit.bits - pure_bits(m, history_of(m, *pure)) >= threshold) return mixed;
  }
  if (!pure) return no_finding(m, mixture, threshold);
  pure->mixture = mixture;
  return *pure;
}

}  // namespace candor::audit_internal
