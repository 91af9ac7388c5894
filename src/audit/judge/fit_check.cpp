#include "audit/judge/fit_check.h"

#include <algorithm>
#include <cmath>

#include "audit/judge/tails.h"

namespace candor::audit_internal {

namespace {

// Beyond chance by this much, after what real densities may be off by.
constexpr double kDeviations = 4.5, kShareSlack = 0.01, kRatioSlack = 0.03;
constexpr double kSurplusBits = 20;
constexpr double kDeviationsTogether = 3;  // of all binades: two numbers, where kDeviations is for each of a dozen

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

void LatticeCounts::add(const FoldedCodes& codes) {
  const HeldCounts held(codes);
  for (int e = kLowestGridBinade + 2; e <= kHighestGridBinade; ++e) {
    const int step = 1 << (kHighestGridBinade + 1 - e);  // codes between two points of the lattice
    for (int m = 0; m < 128; m += step) {
      const double count = held.at(first_code(e) + static_cast<std::uint32_t>(m));
      const int multiple = (128 + m) / step;
      (multiple % 2 == 0 ? evens : odds) += count;
      fours += multiple % 4 == 0 ? count : 0;
    }
  }
}

bool LatticeCounts::fits() const {
  const auto whole = [](double count) { return static_cast<std::uint64_t>(count); };
  return binomial_upper_tail(whole(fours), whole(evens), 0.5).bits() < kSurplusBits;
}

bool LatticeCounts::has_odd_multiples() const {
  // Of bf16 values between two points of f16's lattice all in the middle go to the even one: no fewer than a quarter
  // are odd.
  const double all = odds + evens, lowest = 0.25 * all - 3 * std::sqrt(all * 0.25 * 0.75);
  return odds > 0 && odds >= lowest;
}

bool lattice_fits(const Measured& m) {
  LatticeCounts lattice;
  lattice.add(m.codes);
  return lattice.fits() && lattice.has_odd_multiples();
}

bool fits(const Measured& m, History history, double share) {
  std::vector<ParityBinade> binades = m.parity.binades;
  for (ParityBinade& binade : binades) binade.variance *= m.roughness.dispersion;
  if (!parity_fits(binades, history, share)) return false;
  if (m.zero.powers != 0 && !ratio_fits(m.zero.ratio, (m.zero.high - m.zero.low) / 3.92, history, share)) return false;
  if (!has_f16_range(history) || flushes_f16(history)) return true;
  LatticeCounts lattice;
  lattice.add(m.codes);
  return lattice.fits();
}

}  // namespace candor::audit_internal
