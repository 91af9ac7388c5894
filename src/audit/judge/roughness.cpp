#include "audit/judge/roughness.h"

#include <algorithm>
#include <cmath>

#include "audit/judge/tails.h"

namespace candor::audit_internal {

namespace {

// A normal density s codes wide has 2 sqrt(pi) s effective codes (1 / sum p^2): 1.5 codes give 5.3.
constexpr double kLeastEffectiveCodes = 5.3;
// A code stands out when it is this many standard deviations and this much of its level away from its neighbours: a
// cut in the density is one half of the level, a smooth bend less than a tenth.
constexpr double kSpikeDeviations = 4, kSpikeLevel = 0.15;

double count_at(const FoldedCodes& codes, std::uint32_t code) { return static_cast<double>(codes.counts[code]); }

struct Sums {
  double squares = 0, variance = 0, level_squares = 0;
  std::uint64_t terms = 0;
  void add(double difference, double its_variance, double level) {
    squares += difference * difference;
    variance += its_variance;
    level_squares += level * level;
    ++terms;
  }
};

struct Difference {
  double value, variance, level;
};
Difference difference_at(const FoldedCodes& codes, std::uint32_t code, std::uint32_t step) {
  const double here = count_at(codes, code), sides = count_at(codes, code - step) + count_at(codes, code + step);
  return {here - sides / 2, here + sides / 4, (here + sides / 2) / 2};
}

void find_spikes(const FoldedCodes& codes, int binade, Roughness& result) {
  const std::uint32_t first = first_code(binade);
  for (std::uint32_t m = 2; m <= 125; ++m) {
    const Difference d = difference_at(codes, first + m, 2);
    if (std::abs(d.value) <= kSpikeDeviations * std::sqrt(d.variance) + kSpikeLevel * d.level) continue;
    for (std::uint32_t step : {0u, 1u, 2u}) {
      result.spikes[first + m + step] = true;
      result.spikes[first + m - step] = true;
    }
  }
}

bool clear_of_spikes(const Roughness& result, std::uint32_t code) {
  return !result.spikes[code - 2] && !result.spikes[code] && !result.spikes[code + 2];
}

// The mean over groups of eight of squared differences by their variance, the largest tenth left out: a density may
// have an edge or two. Trimming leaves 0.623 of a chi-square's mean.
double trimmed_group_amplitude(const FoldedCodes& codes, const std::vector<int>& binades) {
  std::vector<std::pair<double, double>> ratios;  // with the level
  for (const int binade : binades) {
    double sums[16] = {};
    for (std::uint32_t m = 0; m < 128; ++m) sums[m / 8] += count_at(codes, first_code(binade) + m);
    for (int g = 2; g < 15; ++g) {  // group 0 holds the narrow code of the power of two
      const double sides = sums[g - 1] + sums[g + 1], variance = sums[g] + sides / 4;
      if (variance < 12) continue;
      const double difference = sums[g] - sides / 2;
      ratios.emplace_back(difference * difference / variance, (sums[g] + sides / 2) / 2);
    }
  }
  if (ratios.size() < 10) return 0;
  std::sort(ratios.begin(), ratios.end());
  ratios.resize(ratios.size() - ratios.size() / 10);
  double mean = 0, level = 0;
  for (const auto& [ratio, its_level] : ratios) mean += ratio, level += its_level;
  const auto terms = static_cast<double>(ratios.size());
  const double excess = mean / terms / 0.623 - 1 - 6 * std::sqrt(3 / terms);
  return std::sqrt(std::max(0.0, excess) / (level / terms));
}

void measure_dispersion(const FoldedCodes& codes, Roughness& result) {
  Sums sums;
  for (const int binade : result.usable) {
    for (std::uint32_t m = 3; m <= 125; ++m) {  // m = 2 would compare with the narrow code m = 0
      const std::uint32_t code = first_code(binade) + m;
      if (!clear_of_spikes(result, code)) continue;
      const Difference d = difference_at(codes, code, 2);
      if (d.variance != 0) sums.add(d.value, d.variance, d.level);
    }
  }
  if (sums.terms < 30) return;
  // What counting alone leaves in the ratio. Neighbouring terms overlap: their squares correlate by 0.44 and 0.03,
  // which makes the variance of the sum 3.89 sum v^2 with v = 1.5 level; low counts add their own fourth moment.
  const double noise = std::sqrt(8.75 * sums.level_squares / (sums.variance * sums.variance) + 0.75 / sums.variance);
  const double ratio = sums.squares / sums.variance;
  if (ratio > 1 + 3 * noise) result.dispersion = ratio;
  result.amplitude = std::sqrt(std::max(0.0, sums.squares - sums.variance) / (1.5 * sums.level_squares));
  result.amplitude_bits = ratio > 1 ? normal_tail_bits((ratio - 1) / noise) : 0;
}

void find_usable(const FoldedCodes& codes, Roughness& result) {
  for (int binade = kHighestGridBinade + 1; binade < 128; ++binade) {
    double pairs = 0;
    std::uint64_t largest = 0;
    for (int m = 0; m < 128; ++m) {
      const std::uint64_t count = codes.at(binade, m);
      pairs += static_cast<double>(count) * (static_cast<double>(count) - 1);
      largest = std::max(largest, count);
    }
    const auto n = static_cast<double>(codes.in_binade(binade));
    result.largest_share = std::max(result.largest_share, static_cast<double>(largest));
    if (n == 0 || n * (n - 1) < kLeastEffectiveCodes * pairs) continue;
    result.usable.push_back(binade);
    find_spikes(codes, binade, result);
  }
}

}  // namespace

bool Roughness::is_usable(int binade) const { return std::binary_search(usable.begin(), usable.end(), binade); }

Roughness measure_roughness(const FoldedCodes& codes) {
  Roughness result;
  result.spikes.assign(kMagnitudeCodes, false);
  find_usable(codes, result);
  std::uint64_t above = 0, spiked = 0;
  for (int binade = kHighestGridBinade + 1; binade < 128; ++binade) above += codes.in_binade(binade);
  for (const int binade : result.usable) {
    for (int m = 0; m < 128; ++m) {
      const bool spike = result.spikes[first_code(binade) + static_cast<std::uint32_t>(m)];
      (spike ? spiked : result.usable_values) += codes.at(binade, m);
    }
  }
  result.used = result.usable_values + spiked;
  if (result.used != 0) result.spike_share = static_cast<double>(spiked) / static_cast<double>(result.used);
  if (above != 0) result.largest_share /= static_cast<double>(above);
  measure_dispersion(codes, result);
  result.group_amplitude = trimmed_group_amplitude(codes, result.usable);
  return result;
}

}  // namespace candor::audit_internal
