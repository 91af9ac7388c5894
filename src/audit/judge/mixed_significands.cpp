#include "audit/judge/mixed_significands.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace candor::audit_internal {
namespace {

constexpr double kLn2 = 0.6931471805599453;
constexpr int kRestLevels = 10;  // trailing zeros 0 … 9: all full-length values but one in 1,024
/// 27.9 is the 99.9 % quantile of chi-square with nine degrees of freedom, 45 that of 1 - 1e-6. Real weights are not
/// quite uniform in their last bits when they come out of a division or a table; a fifth of a percent is let pass.
constexpr double kRestLimit = 45, kRestSlack = 0.002;
/// f32 numbers times a constant reach some lengths more often than others, by less than two, and all beyond as often.
/// On a fixed-point grid, as uniform generators have it, a value with a bit less in front has a zero more behind: of a
/// density that is level around zero, (1 + z) 2^-z have z zeros or more, when the largest values are just full length.
constexpr double kRestFewest = 0.5, kRestMargin = 1.25, kRestLeast = 4096;

using ByZeros = std::array<std::uint64_t, SignificandCounts::kZeros>;

/// Powers of two are left out: with f32's 23 bits, those have all zeros.
ByZeros count_by_zeros(const Fingerprint& tensor, int explicit_bits) {
  ByZeros counts{};
  for (int e = SignificandCounts::kLowest; e <= SignificandCounts::kHighest; ++e)
    for (int z = 0; z < explicit_bits; ++z) counts[static_cast<std::size_t>(z)] += tensor.significands.at(e, z);
  return counts;
}

std::uint64_t sum(const ByZeros& counts, int first, int end) {
  std::uint64_t total = 0;
  for (int z = first; z < end; ++z) total += counts[static_cast<std::size_t>(z)];
  return total;
}

/// What the part with full-length significands has of short ones.
struct Rest {
  double full = 0;        // values
  double steepest = 0;    // of the ratio below, for each trailing zero
  bool geometric = true;  // a share 2^-z has z trailing zeros or more

  /// Values with so many trailing zeros or more: no fewer than there are.
  double tail(int zeros) const {
    const double by_chance = full * std::exp2(-zeros);
    return geometric ? by_chance : by_chance * kRestMargin * (1 + steepest * zeros);
  }
};

/// True if 0 … 9 trailing zeros halve: log-likelihood ratio.
bool is_geometric(const ByZeros& counts, double total) {
  double deviance = 0;
  for (int z = 0; z < kRestLevels; ++z) {
    const auto seen = static_cast<double>(counts[static_cast<std::size_t>(z)]);
    const double expected = total * std::exp2(-z - 1) / (1 - std::exp2(-kRestLevels));
    if (seen > 0) deviance += 2 * seen * std::log(seen / expected);
  }
  return deviance <= kRestLimit + kRestSlack * total;
}

/// How the first ten lengths go down. Nothing where that is not how full-length values do: products and sums of short
/// factors have a multiple of the long tails, or none of some lengths.
std::optional<Rest> measure_rest(const ByZeros& counts) {
  const auto total = static_cast<double>(sum(counts, 0, kRestLevels));
  if (total == 0) return std::nullopt;
  Rest rest{total / (1 - std::exp2(-kRestLevels)), 0, is_geometric(counts, total)};
  if (rest.geometric) return rest;
  if (total < kRestLeast) return std::nullopt;
  for (int z = 1; z < kRestLevels; ++z) {
    const double by_chance = rest.full * (std::exp2(-z) - std::exp2(-kRestLevels));
    const double ratio = static_cast<double>(sum(counts, z, kRestLevels)) / by_chance;
    if (ratio < kRestFewest || ratio > kRestMargin * (1 + z)) return std::nullopt;
    rest.steepest = std::max(rest.steepest, (ratio - 1) / z);
  }
  return rest;
}

/// -log2 P(X >= k), X Poisson: never more than it is.
double poisson_tail_bits(double k, double mean) {
  if (k <= mean || k == 0) return 0;
  const double log_here = k * std::log(mean) - mean - std::lgamma(k + 1);
  return std::max(0.0, -(log_here + std::log((k + 1) / (k + 1 - mean))) / kLn2);
}

/// Short values that tell, each different one once. Where counting those stopped below twice of what chance gives (in
/// tensors of tens of millions of values), all of a length that has more.
std::uint64_t telling_values(const Fingerprint& tensor, const ByZeros& counts, int first,
                             const MixedSignificands& found) {
  if (!found.capped || static_cast<double>(found.distinct) >= 2 * found.expected) return found.distinct;
  std::uint64_t total = 0;
  for (int z = first; z < SignificandCounts::kZeros; ++z) {
    const auto at = static_cast<std::size_t>(z);
    total += tensor.distinct_by_zeros[at] == kDistinctCap ? counts[at] : tensor.distinct_by_zeros[at];
  }
  return total;
}

/// Powers of two belong to the short part, as chance makes one in 2^23 values, unless they are constants: more than
/// twice as many as a short part has.
double short_powers(const Fingerprint& tensor, int explicit_bits, double usual) {
  std::uint64_t powers = 0;
  for (int e = SignificandCounts::kLowest; e <= SignificandCounts::kHighest; ++e)
    powers += tensor.significands.at(e, explicit_bits);
  const auto seen = static_cast<double>(powers);
  return seen <= 2 * usual + 6 * std::sqrt(usual) ? seen : usual;
}

/// The format whose last bit starts the excess of short significands: the narrowest for which the lengths just beyond
/// it hold no tenth of the excess.
const NarrowFormat* format_of_excess(const ByZeros& counts, const NarrowFormat& container, const Rest& rest) {
  const int end = container.significand - 1;
  const NarrowFormat* chosen = nullptr;
  double whole = 0;
  for (const NarrowFormat& format : narrow_formats()) {
    const bool plain = format.name == "bf16" || format.name == "f16" || format.name == "f32";
    if (!plain || !is_narrower(format, container)) continue;
    const int zeros = container.significand - format.significand;
    const double excess = static_cast<double>(sum(counts, zeros, end)) - rest.tail(zeros);
    const double noise = 6 * std::sqrt(rest.tail(zeros) + 1);
    if (chosen == nullptr || excess - whole > std::max(noise, 0.1 * excess)) {
      chosen = &format;
      whole = excess;
    }
  }
  return chosen;
}

}  // namespace

std::optional<MixedSignificands> measure_mixture(const Fingerprint& tensor, const NarrowFormat& container) {
  if (tensor.significands.counts.empty()) return std::nullopt;
  const int explicit_bits = container.significand - 1;
  const ByZeros counts = count_by_zeros(tensor, explicit_bits);
  const std::optional<Rest> rest = measure_rest(counts);
  if (!rest) return std::nullopt;
  MixedSignificands out;
  out.format = format_of_excess(counts, container, *rest);
  const int zeros = container.significand - out.format->significand;
  out.values = tensor.elements - tensor.zeros - tensor.infinities - tensor.nans;
  out.brief = sum(counts, zeros, explicit_bits);
  for (int z = zeros; z < explicit_bits; ++z) {
    out.distinct += tensor.distinct_by_zeros[static_cast<std::size_t>(z)];
    out.capped = out.capped || tensor.distinct_by_zeros[static_cast<std::size_t>(z)] == kDistinctCap;
  }
  out.expected = rest->tail(zeros) - rest->tail(explicit_bits);
  out.bits = poisson_tail_bits(static_cast<double>(telling_values(tensor, counts, zeros, out)), out.expected);
  out.p_value = std::exp2(-std::min(out.bits, 1000.0));
  const auto n = static_cast<double>(out.values);
  const double seen = std::max(0.0, static_cast<double>(out.brief) - out.expected);
  const double brief =
      std::min(n, seen + short_powers(tensor, explicit_bits, seen * std::exp2(1 - out.format->significand)));
  const double spread = 1.96 * std::sqrt(std::max(brief, 1.0) * (1 - brief / n) + out.expected);
  out.share = brief / n;
  out.low = std::max(0.0, (brief - spread) / n);
  out.expected_at_most = !rest->geometric;
  out.high = std::min(1.0, (brief + spread + (out.expected_at_most ? out.expected : 0)) / n);
  return out;
}

}  // namespace candor::audit_internal
