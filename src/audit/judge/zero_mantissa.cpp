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
  double surplus() const { return static_cast<double>(power) - static_cast<double>(above + below) / kUnits; }
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

struct RatioInterval {
  double ratio = 0, low = 0, high = 0;  // 95 %
};

RatioInterval ratio_of(std::uint64_t powers_of_two, std::uint64_t neighbours, double dispersion) {
  const auto powers = static_cast<double>(powers_of_two), around = static_cast<double>(neighbours);
  const double ratio = powers * kUnits / around;
  if (powers_of_two == 0) {
    // What leaves none with 2.5 % probability: (8 / (8 + ratio))^around. Finite of rough codes as well.
    return {0, 0, kUnits * std::expm1(std::min(50.0, -std::log(0.025) * dispersion / around))};
  }
  const double relative = 1.96 * std::sqrt((1 / powers + 1 / around) * dispersion);
  return {ratio, ratio * std::exp(-relative), ratio * std::exp(relative)};
}

}  // namespace

ZeroMantissa measure_zero_mantissa(const FoldedCodes& codes, const Roughness& roughness, double uniform) {
  ZeroMantissa result;
  Window most;  // of all surpluses
  for (const int binade : roughness.usable) {
    // At 2^-16 and below the codes under the power of two are f16 subnormals of a lattice as coarse as bf16.
    if (binade <= kHighestGridBinade + 2 || !roughness.is_usable(binade - 1)) continue;
    bool spiked = false;
    const Window window = window_at(codes, roughness, binade, spiked);
    if (spiked || window.torn()) continue;
    result.powers += window.power;
    result.around += window.above + window.below;
    result.binades.push_back({binade, window.power, window.above + window.below});
    if (window.surplus() > most.surplus()) most = window;
  }
  if (result.around == 0) return result;
  const RatioInterval all = ratio_of(result.powers, result.around, roughness.dispersion);
  result.ratio = all.ratio;
  result.low = all.low;
  result.high = all.high;
  const std::uint64_t elsewhere = result.around - most.above - most.below;
  if (elsewhere > 0) result.low_elsewhere = ratio_of(result.powers - most.power, elsewhere, roughness.dispersion).low;
  const DiscreteTail tail =
      binomial_upper_tail(result.powers, result.powers + result.around, kNearest / (kNearest + kUnits));
  result.p_value = tail.p_value(uniform);
  result.bits = tail.bits() / roughness.dispersion;
  return result;
}

}  // namespace candor::audit_internal
