#include "audit/judge/fit_check.h"

#include <algorithm>
#include <cmath>

#include "audit/judge/tails.h"

namespace candor::audit_internal {

namespace {

// Beyond chance by this much, after what real densities may be off by.
constexpr double kDeviations = 4.5, kShareSlack = 0.01, kRatioSlack = 0.03;
constexpr double kSurplusBits = 20;

double even_share(History history, int binade, double share) {
  const std::span<const double> ratios = width_ratios(history);
  double even = 0, odd = 0;
  for (std::uint32_t m = 1; m < 128; ++m) {
    (m % 2 == 0 ? even : odd) += 1 + share * (ratios[first_code(binade) + m] - 1);
  }
  return even / 63 / (even / 63 + odd / 64);
}

}  // namespace

bool parity_fits(const std::vector<ParityBinade>& binades, History history, double share) {
  return std::all_of(binades.begin(), binades.end(), [&](const ParityBinade& seen) {
    if (has_f16_range(history) && seen.binade > kHighestF16) return true;
    if (flushes_f16(history) && seen.binade < kLowestF16Normal) return true;
    const double all = seen.even + seen.odd, deviation = std::sqrt(seen.variance) / (2 * all);
    return std::abs(seen.even / all - even_share(history, seen.binade, share)) <= kShareSlack + kDeviations * deviation;
  });
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
