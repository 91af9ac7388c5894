#include "audit/judge/fit_check.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "audit/judge/tails.h"

namespace candor::audit_internal {

namespace {

// Beyond chance by this much, after what real densities may be off by.
constexpr double kDeviations = 4.5, kShareSlack = 0.01, kRatioSlack = 0.03;
constexpr double kSurplusBits = 10;  // of even codes, of multiples of four among even ones, and of these among all
constexpr double kDeviationsTogether = 3;  // of all binades: two numbers, where kDeviations is for each of a dozen
constexpr double kLatticeSlack = 0.01;     // of shares on the lattice, for densities that bend

double even_share(History history, int binade, double share) {
  const std::span<const double> ratios = width_ratios(history);
  double even = 0, odd = 0;
  for (std::uint32_t m = 1; m < 128; ++m) {
    (m % 2 == 0 ? even : odd) += 1 + share * (ratios[first_code(binade) + m] - 1);
  }
  return even / 63 / (even / 63 + odd / 64);
}

/// How far the share of even codes in a binade is from what a history leaves.
struct Deviation {
  int binade = 0;
  double off = 0, deviation = 0;
};

/// The mean over the binades and its slope from binade to binade, which few values show when no single binade does:
/// ties of bf16 sums are the more frequent, the smaller the sum.
bool fit_together(const std::vector<Deviation>& binades) {
  double weights = 0, centre = 0, mean = 0;
  for (const Deviation& d : binades) {
    const double weight = 1 / (d.deviation * d.deviation);
    weights += weight;
    centre += weight * d.binade;
    mean += weight * d.off;
  }
  if (weights == 0) return true;
  centre /= weights;
  mean /= weights;
  double squares = 0, slope = 0, slack = 0;
  for (const Deviation& d : binades) {
    const double weight = 1 / (d.deviation * d.deviation), from_centre = d.binade - centre;
    squares += weight * from_centre * from_centre;
    slope += weight * from_centre * d.off;
    slack += weight * std::abs(from_centre) * kShareSlack;
  }
  return std::abs(mean) <= std::hypot(kShareSlack, kDeviationsTogether / std::sqrt(weights)) &&
         std::abs(slope) <= std::hypot(slack, kDeviationsTogether * std::sqrt(squares));
}

/// A history against steps of 2^-24, of which `odd` are not even ones, by the codes from 2^-16.
struct OverSteps {
  double bits = 0;
  double expected = 0;  // of so many values, if the history is true
};
OverSteps over_steps(const FoldedCodes& codes, History history, double odd) {
  OverSteps over;
  for (int e = kHighestGridBinade + 2; e <= kHighestF16; ++e) {
    const double even = even_share(history, e, 1), of_steps = 0.5 + odd * std::exp2(kLowestGridBinade + 6 - e);
    const double if_even = std::log2(even / of_steps), if_odd = std::log2((1 - even) / (1 - of_steps));
    double evens = 0, odds = 0;
    for (int m = 1; m < 127; ++m) (m % 2 == 0 ? evens : odds) += static_cast<double>(codes.at(e, m));  // 63 of each
    over.bits += evens * if_even + odds * if_odd;
    over.expected += (evens + odds) * (even * if_even + (1 - even) * if_odd);
  }
  return over;
}

}  // namespace

bool parity_fits(const std::vector<ParityBinade>& binades, History history, double share) {
  std::vector<Deviation> deviations;
  for (const ParityBinade& seen : binades) {
    if (has_f16_range(history) && seen.binade > kHighestF16) continue;
    if (flushes_f16(history) && seen.binade < kLowestF16Normal) continue;
    const double all = seen.even + seen.odd, off = seen.even / all - even_share(history, seen.binade, share);
    deviations.push_back({seen.binade, off, std::sqrt(seen.variance) / (2 * all)});
  }
  const auto near = [](const Deviation& d) { return std::abs(d.off) <= kShareSlack + kDeviations * d.deviation; };
  return std::all_of(deviations.begin(), deviations.end(), near) && fit_together(deviations);
}

bool ratio_fits(double ratio, double deviation, History history, double share) {
  const double expected = 0.75 * (1 + share * (width_ratios(history)[first_code(0)] - 1));
  return std::abs(ratio - expected) <= kRatioSlack + kDeviations * deviation;
}

bool powers_fit(const std::vector<PowerBinade>& binades, double dispersion, History history) {
  constexpr double kUnits = 8, kFewestExpected = 8;
  double chi_square = 0, degrees = 0;
  for (const PowerBinade& seen : binades) {
    const double ratio = 0.75 * width_ratios(history)[first_code(seen.binade)], share = ratio / (ratio + kUnits);
    const auto all = static_cast<double>(seen.powers + seen.around);
    if (all * share < kFewestExpected) continue;
    const double off = std::abs(static_cast<double>(seen.powers) - all * share) - kRatioSlack * all / kUnits;
    chi_square += std::pow(std::max(0.0, off), 2) / (all * share * (1 - share) * dispersion);
    degrees += 1;
  }
  return chi_square <= degrees + kDeviations * std::sqrt(2 * degrees);
}

void LatticeCounts::add(const FoldedCodes& codes) {
  const HeldCounts held(codes);
  for (int e = kLowestGridBinade + 2; e <= kHighestGridBinade; ++e) {
    const int step = 1 << (kHighestGridBinade + 1 - e);  // codes between two points of the lattice
    for (int m = 0; m < 128; m += step) {
      const int multiple = (128 + m) / step;
      const double part = multiple == 4 ? 0.5 : 1;
      const double count = part * held.at(first_code(e) + static_cast<std::uint32_t>(m));
      (multiple % 2 == 0 ? evens : odds) += count;
      fours += multiple % 4 == 0 ? count : 0;
    }
  }
}

bool LatticeCounts::fits(double odd_share) const {
  const auto usual = [](double more, double all, double share) {
    return binomial_upper_tail(static_cast<std::uint64_t>(more), static_cast<std::uint64_t>(all), share).bits() <
           kSurplusBits;
  };
  constexpr double kFewest = 8;  // even ones, beside which an odd one must be
  if (odds + evens == 0) return true;
  return (odds > 0 || evens < kFewest) && usual(evens, odds + evens, 1 - odd_share + kLatticeSlack) &&
         usual(fours, evens, 0.5 + kLatticeSlack);
}

double odd_share(History history) {
  // Of bf16 values between two points of f16's lattice all in the middle go to the even one.
  return history == History::from_f16 ? 0.5 : 0.25;
}

bool lattice_fits(const FoldedCodes& codes, History history) {
  LatticeCounts lattice;
  lattice.add(codes);
  return lattice.fits(odd_share(history));
}

void OverDifferences::add(const Measured& m, History history) {
  // Above one the steps are twice as long: of numbers on both sides of it half are even steps.
  const OverSteps of_all = over_steps(m.codes, history, 1), of_half = over_steps(m.codes, history, 0.5);
  all += of_all.bits / m.roughness.dispersion;
  half += of_half.bits / m.roughness.dispersion;
  half_expected += of_half.expected / m.roughness.dispersion;
}

double OverDifferences::bits() const {
  constexpr double kTells = 20;  // fewer bits than expected leave by chance
  return half_expected < kTells ? all : std::min(all, half);
}

double bits_over_differences(const Measured& m, History history) {
  constexpr int kLevel = -9;  // steps of 2^-24 leave 50.1 % even codes there, and no more above
  double excess = 0, variance = 0;
  for (const ParityBinade& seen : m.parity.binades) {
    if (seen.binade < kLevel) continue;
    excess += seen.even - seen.odd;
    variance += seen.variance * m.roughness.dispersion;
  }
  if (const double uneven = variance == 0 ? 0 : normal_tail_bits(excess / std::sqrt(variance)); uneven >= kSurplusBits)
    return uneven;
  OverDifferences over;
  over.add(m, history);
  return over.bits();
}

double bits_to_be_no_difference(History history) {
  // By this much differences pass for f16 once in 2^10, and in 2^5: parity above 2^-13 tells soon, its absence late.
  return history == History::from_f16 ? kSurplusBits : 5;
}

bool has_f16_subnormals(const Measured& m) {
  const double more = m.of(History::from_f16).codes.bits_at(kPure) - m.of(History::from_tf32).codes.bits_at(kPure);
  return more >= kSurplusBits && fits(m, History::from_f16, 1);
}

double finer_lattice_bits(const Measured& m) {
  constexpr int kFinest = 6;
  double best = -std::numeric_limits<double>::infinity();
  for (int finer = 1; finer <= kFinest; ++finer) {
    const Measured moved = measure_codes(times_power_of_two(m.codes, finer), 0);
    for (const History history : {History::via_f16, History::from_f16, History::f16_truncated})
      best = std::max(best, fit_share(moved.of(history).all()).bits);
  }
  return best;
}

double off_lattice_bits(const FoldedCodes& codes) {
  double bits = 0;
  for (int e = kLowestGridBinade - 4; e < kHighestGridBinade; ++e) {
    const int levels = kHighestGridBinade + 1 - e;  // from 2^-25 to the last bit of this binade
    for (std::uint32_t m = 1; m < 128; ++m) {
      const int zeros = std::countr_zero(m), level = levels - zeros;  // 1: a multiple of 2^-25
      if (level < 1) continue;
      const double here = static_cast<double>(codes.counts[first_code(e) + m]);
      const double of_once = std::exp2(level - 1) / (std::exp2(levels) - 1),
                   of_sums = std::exp2(-std::min(level, levels - 1));
      bits += here * std::log2(of_once / of_sums);
    }
  }
  return bits;
}

bool fits(const Measured& m, History history, double share) {
  std::vector<ParityBinade> binades = m.parity.binades;
  for (ParityBinade& binade : binades) binade.variance *= m.roughness.dispersion;
  if (!parity_fits(binades, history, share)) return false;
  if (m.zero.powers != 0 && !ratio_fits(m.zero.ratio, (m.zero.high - m.zero.low) / 3.92, history, share)) return false;
  if (share == 1 && !powers_fit(m.zero.binades, m.roughness.dispersion, history)) return false;
  if (!has_f16_range(history) || flushes_f16(history)) return true;
  return lattice_fits(m.codes, history);
}

}  // namespace candor::audit_internal
