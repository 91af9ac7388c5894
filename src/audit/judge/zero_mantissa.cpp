#include <algorithm>
#include <cmath>

#include "audit/judge/channels.h"
#include "audit/judge/tails.h"

namespace candor::audit_internal {

namespace {

// Four codes above the power of two and eight, half as wide, below it: eight units of the upper binade's last place,
// whose centre is that of the code between them, so that a sloping density cancels.
constexpr std::uint32_t kAbove = 4, kBelow = 2 * kAbove;
constexpr double kUnits = 2.0 * kAbove;
constexpr double kNearest = 0.75;

struct Window {
  std::uint64_t power = 0, above = 0, below = 0;
  // An edge of the density, or of f16's range, runs through it.
  bool torn() const {
    const auto a = static_cast<double>(above), b = static_cast<double>(below);
    return std::abs(a - b) > 5 * std::sqrt(a + b) + 0.3 * std::max(a, b);
  }
};

Window window_at(const FoldedCodes& codes, const Roughness& roughness, int binade, bool& spiked) {
  const std::uint32_t power = first_code(binade);
  Window window{codes.counts[power], 0, 0};
  for (std::uint32_t m = 1; m <= kAbove; ++m) window.above += codes.counts[power + m];
  for (std::uint32_t m = 1; m <= kBelow; ++m) window.below += codes.counts[power - m];
  spiked = false;
  for (std::uint32_t c = power - kBelow; c <= power + kAbove; ++c) spiked = spiked || roughness.spikes[c];
  return window;
}

}  // namespace

ZeroMantissa measure_zero_mantissa(const FoldedCodes& codes, const Roughness& roughness, double uniform) {
  ZeroMantissa result;
  for (const int binade : roughness.usable) {
    // At 2^-16 and below the codes under the power of two are f16 subnormals of a lattice as coarse as bf16.
    if (binade <= kHighestGridBinade + 2 || !roughness.is_usable(binade - 1)) continue;
    bool spiked = false;
    const Window window = window_at(codes, roughness, binade, spiked);
    if (spiked || window.torn()) continue;
    result.powers += window.power;
    result.around += window.above + window.below;
  }
  if (result.around == 0) return result;
  const auto powers = static_cast<double>(result.powers), around = static_cast<double>(result.around);
  result.ratio = powers * kUnits / around;
  const double relative = powers == 0 ? 0 : 1.96 * std::sqrt((1 / powers + 1 / around) * roughness.dispersion);
  result.low = result.ratio * std::exp(-relative);
  result.high = result.ratio * std::exp(relative);
  const DiscreteTail tail =
      binomial_upper_tail(result.powers, result.powers + result.around, kNearest / (kNearest + kUnits));
  result.p_value = tail.p_value(uniform);
  result.bits = tail.bits() / roughness.dispersion;
  return result;
}

}  // namespace candor::audit_internal
