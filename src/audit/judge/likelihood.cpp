#include "audit/judge/likelihood.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <vector>

#include "audit/judge/channels.h"

namespace candor::audit_internal {

namespace {

constexpr int kGroup = 8, kGroups = 128 / kGroup;

// log-quadratic density over a binade, in t = -1 … 1, fitted to the counts of its groups of eight codes: a Poisson
// regression by Newton's method, held by a weak prior where counts are few.
class SmoothDensity {
 public:
  explicit SmoothDensity(std::span<const std::uint64_t> counts) {
    std::array<double, kGroups> sums{};
    double all = 0;
    for (std::size_t m = 0; m < 128; ++m) sums[m / kGroup] += static_cast<double>(counts[m]);
    for (const double s : sums) all += s;
    if (all == 0) return;
    level_ = std::log(all / kGroups);
    for (int step = 0; step < 8; ++step) newton(sums);
  }
  double at(double mantissa) const {
    const double t = (mantissa - 63.5) / 63.5;
    return std::exp(std::clamp(slope_ * t + bend_ * t * t, -30.0, 30.0));
  }

 private:
  void newton(const std::array<double, kGroups>& sums) {
    double gradient[3] = {0, -slope_, -bend_}, hessian[3][3] = {{0, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    for (int g = 0; g < kGroups; ++g) {
      const double t = (g * kGroup + 3.5 - 63.5) / 63.5, basis[3] = {1, t, t * t};
      const double width = g == 0 ? (kGroup - 0.25) / kGroup : 1;
      const double expected = width * std::exp(std::clamp(level_ + slope_ * t + bend_ * t * t, -30.0, 30.0));
      for (int i = 0; i < 3; ++i) {
        gradient[i] += basis[i] * (sums[static_cast<std::size_t>(g)] - expected);
        for (int j = 0; j < 3; ++j) hessian[i][j] += basis[i] * basis[j] * expected;
      }
    }
    solve(hessian, gradient);
    level_ += std::clamp(gradient[0], -2.0, 2.0);
    slope_ += std::clamp(gradient[1], -2.0, 2.0);
    bend_ += std::clamp(gradient[2], -2.0, 2.0);
  }
  static void solve(double (&a)[3][3], double (&x)[3]) {
    for (int i = 0; i < 3; ++i) {  // positive definite: no pivoting
      for (int j = i + 1; j < 3; ++j) {
        const double factor = a[j][i] / a[i][i];
        for (int k = i; k < 3; ++k) a[j][k] -= factor * a[i][k];
        x[j] -= factor * x[i];
      }
    }
    for (int i = 2; i >= 0; --i) {
      for (int k = i + 1; k < 3; ++k) x[i] -= a[i][k] * x[k];
      x[i] /= a[i][i];
    }
  }
  double level_ = 0, slope_ = 0, bend_ = 0;
};

// Codes within aligned groups of eight, given how many values each group holds.
void add_binade(const FoldedCodes& codes, const Roughness& roughness, std::span<const double, 128> density,
                std::span<const double> ratios, int binade, ShareLikelihood& likelihood) {
  const std::uint32_t first = first_code(binade);
  const std::span<const double> genuine = widths(History::genuine);
  for (std::uint32_t group = 0; group < kGroups; ++group) {
    double expected = 0, normaliser = 0, count = 0;
    for (std::uint32_t m = group * kGroup; m < (group + 1) * kGroup; ++m) {
      const std::uint32_t code = first + m;
      if (roughness.spikes[code]) continue;
      const auto here = static_cast<double>(codes.counts[code]) / roughness.dispersion;
      const double weight = genuine[code] * density[m];
      normaliser += weight;
      expected += weight * ratios[code];
      count += here;
      likelihood.add(here, ratios[code]);
    }
    if (count != 0) likelihood.add(-count, expected / normaliser);
  }
}

// Binades 2^-24 … 2^-18 given how many values each holds, and what lies deeper.
void add_small(const FoldedCodes& codes, std::span<const double> ratios, std::span<const double> genuine,
               ShareLikelihood& likelihood) {
  const HeldCounts held(codes);
  double shallow = 0, deep = 0;
  for (int e = kLowestGridBinade; e <= kHighestGridBinade; ++e) {
    double expected = 0, normaliser = 0, count = 0;
    for (std::uint32_t c = first_code(e); c < first_code(e + 1); ++c) {
      normaliser += genuine[c];
      expected += genuine[c] * ratios[c];
      if (const double here = held.at(c); here != 0) {
        count += here;
        likelihood.add(here, ratios[c]);
      }
    }
    shallow += count;
    if (count != 0) likelihood.add(-count, expected / normaliser);
  }
  // A level density has one value in 128 of these below 2^-24; more of them are rows of their own kind.
  codes.for_each_held(1, first_code(kLowestGridBinade), [&deep](std::uint32_t, std::uint64_t count) {
    deep += std::min(4.0, static_cast<double>(count));
  });
  likelihood.add(std::min(deep, 1 + shallow / 64), 0);
}

// Different codes beyond f16's range: constants, so repeats say nothing.
void add_large(const FoldedCodes& codes, std::span<const double> ratios, ShareLikelihood& likelihood) {
  double beyond = 0;
  codes.for_each_held(first_code(kHighestF16 + 1), kMagnitudeCodes,
                      [&](std::uint32_t c, std::uint64_t) { beyond += ratios[c] == 0 ? 1 : 0; });
  likelihood.add(beyond, 0);
}

void add_gap(const FoldedCodes& codes, ShareLikelihood& likelihood) {
  const Gap gap = measure_gap(codes);
  const auto band = static_cast<double>(gap.band), below = std::min(static_cast<double>(gap.below), band / 3 + 1);
  likelihood.add(below, 0);
  if (gap.fits || gap.fits_part) likelihood.add(-(below + band), 0.75);
}

}  // namespace

SmoothDensities::SmoothDensities(const FoldedCodes& codes, const Roughness& roughness) {
  levels_.reserve(roughness.usable.size());
  for (const int binade : roughness.usable) {
    const SmoothDensity density(std::span(codes.counts).subspan(first_code(binade), 128));
    std::array<double, 128>& level = levels_.emplace_back();
    for (std::size_t m = 0; m < 128; ++m) level[m] = density.at(static_cast<double>(m));
  }
}

HistoryLikelihood history_likelihood(History history, const FoldedCodes& codes, const Roughness& roughness,
                                     const SmoothDensities& densities) {
  HistoryLikelihood result;
  result.history = history;
  const std::span<const double> ratios = width_ratios(history), genuine = widths(History::genuine);
  for (std::size_t i = 0; i < roughness.usable.size(); ++i) {
    const int binade = roughness.usable[i];
    if (has_f16_range(history) && binade > kHighestF16) continue;
    if (flushes_f16(history) && binade < kLowestF16Normal) continue;
    add_binade(codes, roughness, densities.of(i), ratios, binade, result.codes);
  }
  if (has_f16_range(history)) add_large(codes, ratios, result.small);
  if (flushes_f16(history)) {
    add_gap(codes, result.gap);
  } else if (has_f16_range(history)) {
    add_small(codes, ratios, genuine, result.small);
  }
  result.codes.compact();
  result.small.compact();
  return result;
}

}  // namespace candor::audit_internal
