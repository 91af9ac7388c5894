#include "audit/judge/tails.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace candor::audit_internal {

namespace {

constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();

double log_choose(double n, double k) { return std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1); }

/// (1 + d) log(1 + d) - d without the difference of what is nearly equal.
double deviance(double d) {
  if (std::fabs(d) > 0.1) return (1 + d) * std::log1p(d) - d;
  double sum = 0, power = d;
  for (int j = 2; j < 20; ++j) {
    power *= j == 2 ? d : -d;
    sum += power / (j * (j - 1));
  }
  return sum;
}

double log_binomial(std::uint64_t k, std::uint64_t n, double p) {
  // Log factorials of so many leave few digits of their difference.
  constexpr std::uint64_t kMany = std::uint64_t{1} << 31;
  const auto successes = static_cast<double>(k), all = static_cast<double>(n);
  if (std::min(k, n - k) > kMany) {  // by Stirling's formula, whose next terms are below 1e-10 here
    const double mean = all * p, rest = all - successes, rest_mean = all * (1 - p);
    return std::log(all / (2 * std::numbers::pi * successes * rest)) / 2 - mean * deviance((successes - mean) / mean) -
           rest_mean * deviance((rest - rest_mean) / rest_mean);
  }
  return log_choose(all, successes) + successes * std::log(p) + (all - successes) * std::log1p(-p);
}

// log of pmf(k + 1) + pmf(k + 2) + … for k at or above the mean, where the terms fall, and so do their ratios: what
// follows after kMostTerms, which no tensor of this world needs, is less than a geometric series.
double log_sum_above(std::uint64_t k, std::uint64_t n, double p) {
  constexpr std::uint64_t kMostTerms = std::uint64_t{1} << 22;  // enough for 2^39 values
  if (k >= n) return kMinusInfinity;
  const std::uint64_t last = n - k > kMostTerms ? k + kMostTerms : n;
  double term = 1, sum = 1, ratio = 0;
  for (std::uint64_t j = k + 1; j < last && term > sum * 1e-17; ++j) {
    ratio = static_cast<double>(n - j) / static_cast<double>(j + 1) * p / (1 - p);
    term *= ratio;
    sum += term;
  }
  if (last < n && term > sum * 1e-17) {
    const double as_many = term * static_cast<double>(n - last);
    sum += ratio < 1 ? std::min(as_many, term * ratio / (1 - ratio)) : as_many;
  }
  return log_binomial(k + 1, n, p) + std::log(sum);
}

// Relative number of ways to have j marked codes, [0 … min(marked, drawn)], as a distribution.
std::vector<double> marked_pmf(const Draws& d) {
  const double odds = d.power_odds();
  const auto ways = [&](int ordinary, int rest) {  // without the power of two
    if (ordinary < 0 || ordinary > d.marked - 1 || rest < 0 || rest > d.total - d.marked) return kMinusInfinity;
    return log_choose(d.marked - 1, ordinary) + log_choose(d.total - d.marked, rest);
  };
  const double all = log_choose(d.total, d.drawn);
  std::vector<double> pmf(static_cast<std::size_t>(std::min(d.marked, d.drawn)) + 1);
  double sum = 0;
  for (int j = 0; j < static_cast<int>(pmf.size()); ++j) {
    const int rest = d.drawn - j;
    double& p = pmf[static_cast<std::size_t>(j)];
    p = std::exp(ways(j, rest) - all) + odds * std::exp(ways(j - 1, rest) - all);
    sum += p;
  }
  for (double& p : pmf) p /= sum;
  return pmf;
}

}  // namespace

double normal_tail_bits(double z) {
  if (z < 30) return -std::log2(0.5 * std::erfc(z / std::numbers::sqrt2));
  // erfc underflows; the first terms of the asymptotic series are exact to 1e-9 here.
  const double correction = std::log1p(-1 / (z * z) + 3 / (z * z * z * z));
  return (z * z / 2 + std::log(z * std::sqrt(2 * std::numbers::pi)) - correction) / std::numbers::ln2;
}

double DiscreteTail::bits() const {
  const double top = std::max(log_beyond, log_here);
  if (top == kMinusInfinity) return std::numeric_limits<double>::infinity();
  const double log_p = top + std::log(std::exp(log_beyond - top) + std::exp(log_here - top));
  return std::max(0.0, -log_p / std::numbers::ln2);
}

double DiscreteTail::p_value(double uniform) const {
  return std::min(1.0, std::exp(log_beyond) + uniform * std::exp(log_here));
}

DiscreteTail binomial_upper_tail(std::uint64_t k, std::uint64_t n, double p) {
  if (n == 0) return {kMinusInfinity, 0};
  const double here = log_binomial(k, n, p);
  if (static_cast<double>(k) >= static_cast<double>(n) * p) return {log_sum_above(k, n, p), here};
  // Below the mean: one minus the lower tail, which is the upper tail of the failures.
  const double lower = std::exp(log_sum_above(n - k, n, 1 - p)) + std::exp(here);
  return {std::log(std::max(0.0, 1 - lower)), here};
}

double Draws::power_odds() const {
  if (drawn == 0 || drawn >= total) return 0.75;
  const double values_per_code = -std::log1p(-static_cast<double>(drawn) / total);
  return std::expm1(0.75 * values_per_code) / std::expm1(values_per_code);
}

DiscreteTail marked_upper_tail(const std::vector<Draws>& draws, int k) {
  std::vector<double> pmf = {1.0};
  for (const Draws& d : draws) {
    const std::vector<double> here = marked_pmf(d);
    std::vector<double> next(pmf.size() + here.size() - 1, 0.0);
    for (std::size_t j = 0; j < here.size(); ++j) {
      for (std::size_t i = 0; i < pmf.size(); ++i) next[i + j] += pmf[i] * here[j];
    }
    pmf = std::move(next);
  }
  double beyond = 0;
  for (std::size_t i = static_cast<std::size_t>(k) + 1; i < pmf.size(); ++i) beyond += pmf[i];
  const double here = static_cast<std::size_t>(k) < pmf.size() ? pmf[static_cast<std::size_t>(k)] : 0;
  return {std::log(beyond), std::log(here)};
}

}  // namespace candor::audit_internal
