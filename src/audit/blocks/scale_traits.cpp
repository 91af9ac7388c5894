#include "audit/blocks/scale_traits.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "core/formats.h"

namespace candor::audit_internal {
namespace {

constexpr double kNearlyAllScales = 0.97;  // a chance fit among a hundred blocks must not decide
constexpr std::uint32_t kSuperBlock = 256;
constexpr std::uint64_t kSuperBlocks = 24;
constexpr double kSuperBlockBits = 30;

struct Range {
  double low = 0, high = 0;
};

template <class Holds>
bool nearly_all(const std::vector<Fit>& fits, Holds holds) {
  const auto held = std::count_if(fits.begin(), fits.end(), holds);
  return !fits.empty() && static_cast<double>(held) >= kNearlyAllScales * static_cast<double>(fits.size());
}

// The f16 value nearest to the middle lies inside.
bool holds_f16(Range range) {
  const double middle = (range.low + range.high) / 2;
  const double nearest = f32_to_f64(f16_bits_to_f32(f64_to_f16_bits(middle)));
  // A whole spacing lies within a wide range, wherever its middle is.
  return nearest >= range.low && nearest <= range.high;
}

double magnitude_low(const Fit& fit) { return std::min(std::fabs(fit.low), std::fabs(fit.high)); }
double magnitude_high(const Fit& fit) { return std::max(std::fabs(fit.low), std::fabs(fit.high)); }

// 0 when none is inside.
double power_of_two_in(const Fit& fit) {
  const double power = std::exp2(std::round(std::log2(std::fabs(fit.scale()))));
  return power >= magnitude_low(fit) && power <= magnitude_high(fit) ? power : 0;
}

// Of all scales over `unit`: each interval holds a value with four significant
// bits.
double share_on_e4m3(const std::vector<Fit>& fits, double unit) {
  std::size_t on = 0;
  for (const Fit& fit : fits) {
    const double ratio = std::fabs(fit.scale()) / unit;
    const double step = std::exp2(std::floor(std::log2(ratio)) - 3);
    const double nearest = std::round(ratio / step) * step * unit;
    const double loose = 0.5 * (magnitude_high(fit) - magnitude_low(fit));
    on += nearest >= magnitude_low(fit) - loose && nearest <= magnitude_high(fit) + loose ? 1 : 0;
  }
  return static_cast<double>(on) / static_cast<double>(fits.size());
}

// The sub-blocks' scales as points; empty when one of them is not known.
std::vector<Point> sub_block_scales(const TensorSlice& slice, const Tally& tally, std::uint64_t super_block) {
  Block block;
  Places places;
  std::vector<Point> scales;
  const std::uint64_t parts = kSuperBlock / tally.extent.block;
  for (std::uint64_t i = 0; i < parts; ++i) {
    block_places(slice, tally.extent, super_block * parts + i, places);
    if (!read_block(slice, places, block) || block.crowded) continue;
    const Fit fit = fit_block(tally.family, block);
    if (!fit.fits || fit.bits < 4) continue;
    scales.push_back(
        {.value = std::fabs(fit.scale()), .error = (magnitude_high(fit) - magnitude_low(fit)) / 2, .count = 1});
  }
  std::sort(scales.begin(), scales.end(), [](const Point& a, const Point& b) { return a.value < b.value; });
  return scales;
}

// Sub-blocks with the same multiple give scales that agree within their
// intervals: one observation.
std::vector<Point> merge_agreeing(const std::vector<Point>& scales) {
  std::vector<Point> merged;
  for (const Point& scale : scales) {
    if (!merged.empty() && scale.value - merged.back().value <= scale.error + merged.back().error) {
      if (scale.error < merged.back().error) merged.back() = scale;
    } else {
      merged.push_back(scale);
    }
  }
  return merged;
}

}  // namespace

bool scales_are_f16(const std::vector<Fit>& fits) {
  return nearly_all(fits, [](const Fit& fit) { return holds_f16({.low = fit.low, .high = fit.high}); });
}

bool zeros_are_f16(const std::vector<Fit>& fits) {
  return nearly_all(fits, [](const Fit& fit) {
    return holds_f16({.low = fit.zero - fit.zero_error, .high = fit.zero + fit.zero_error});
  });
}

bool scales_are_powers_of_two(const std::vector<Fit>& fits) {
  return nearly_all(fits, [](const Fit& fit) { return power_of_two_in(fit) != 0; });
}

double share_of_powers_of_two(const std::vector<Fit>& fits) {
  const auto are = std::count_if(fits.begin(), fits.end(), [](const Fit& fit) { return power_of_two_in(fit) != 0; });
  return static_cast<double>(are) / static_cast<double>(fits.size());
}

std::size_t different_powers(const std::vector<Fit>& fits) {
  std::set<double> powers;
  for (const Fit& fit : fits) powers.insert(power_of_two_in(fit));
  powers.erase(0.0);
  return powers.size();
}

bool scales_are_e4m3(const std::vector<Fit>& fits) {
  // The common factor is some block's scale over a significand of 8 … 15
  // sixteenths: all are tried on the sharpest.
  if (fits.empty()) return false;
  const Fit& sharpest = *std::min_element(fits.begin(), fits.end(), [](const Fit& a, const Fit& b) {
    return (magnitude_high(a) - magnitude_low(a)) * std::fabs(b.scale()) <
           (magnitude_high(b) - magnitude_low(b)) * std::fabs(a.scale());
  });
  double best = 0;
  for (int significand = 8; significand < 16; ++significand) {
    best = std::max(best, share_on_e4m3(fits, std::fabs(sharpest.scale()) / significand));
  }
  return best >= 0.9;
}

bool has_super_blocks(const TensorSlice& slice, const Tally& tally, int most) {
  if (tally.extent.kind != Extent::Kind::rows || tally.extent.block >= kSuperBlock) return false;
  if (slice.columns % kSuperBlock != 0) return false;
  const std::uint64_t count = slice.elements() / kSuperBlock, tries = std::min(kSuperBlocks, count);
  Tally above{.family = Family::integer, .extent = {.kind = Extent::Kind::rows, .block = kSuperBlock}};
  for (std::uint64_t i = 0; i < tries; ++i) {
    const std::vector<Point> scales = merge_agreeing(sub_block_scales(slice, tally, spread_index(i, tries, count)));
    if (scales.size() < 3) continue;
    ++above.tested;
    const Fit fit = fit_multiples(scales, most);
    if (!fit.fits) continue;
    ++above.fitting;
    above.bits += fit.bits;
  }
  return above.fraction() > 0.5 && evidence_bits(above) >= kSuperBlockBits;
}

}  // namespace candor::audit_internal
