#include <algorithm>
#include <array>
#include <cmath>

#include "audit/judge/channels.h"
#include "audit/judge/tails.h"

namespace candor::audit_internal {

namespace {

struct BinadeGrid {
  std::uint64_t values = 0, off_values = 0;
  int distinct = 0, on = 0;
};

// The lattice 2^quantum Z within one binade: of its 128 codes, every 2^(quantum + 7 - binade)-th.
BinadeGrid look_at(const FoldedCodes& codes, int binade, int quantum) {
  BinadeGrid seen;
  const int spacing = quantum + 7 - binade;
  const int mask = spacing >= 7 ? 127 : (1 << spacing) - 1;
  for (int m = 0; m < 128; ++m) {
    const std::uint64_t count = codes.at(binade, m);
    if (count == 0) continue;
    seen.values += count;
    ++seen.distinct;
    if ((m & mask) == 0) {
      ++seen.on;
    } else {
      seen.off_values += count;
    }
  }
  return seen;
}

// Nobody prunes less than one value in twenty by magnitude; an exponential's tail beyond seven is one in a thousand.
constexpr double kMostSwallowed = 0.05, kMostMissing = 7;

std::uint32_t smallest_from(const FoldedCodes& codes, int binade) {
  std::uint32_t code = first_code(binade);
  while (code + 1 < kMagnitudeCodes && codes.counts[code] == 0) ++code;
  return code;
}

/// What was not flushed of a level density reaches down to zero: half of it below 2^-15, a quarter below 2^-16, … What
/// pruning leaves below 2^-14 ends at its threshold. Bits against the former, of the halving that tells most: they are
/// nearly one question.
double short_of_zero_bits(const FoldedCodes& codes, std::uint64_t below) {
  constexpr double kFewestExpected = 4;
  double share = 0.5, bits = 0;
  for (int e = kLowestF16Normal - 1; static_cast<double>(below) * share >= kFewestExpected; --e, share /= 2)
    bits = std::max(bits, binomial_upper_tail(below - codes.below(e), below, 1 - share).bits());
  return bits;
}

}  // namespace

Grid measure_grid(const FoldedCodes& codes, double uniform) {
  Grid grid;
  std::vector<Draws> draws;
  int on = 0;
  for (int e = kLowestGridBinade; e <= kHighestGridBinade; ++e) {
    const BinadeGrid seen = look_at(codes, e, kLowestGridBinade);
    const int reachable = 1 << (e - kLowestGridBinade);
    // The power of two is on the lattice and three quarters as wide as the others.
    const double share_on = (reachable - 0.25) / 127.75;
    draws.push_back({128, reachable, seen.distinct});
    grid.values += seen.values;
    grid.off_values += seen.off_values;
    grid.distinct += seen.distinct;
    grid.off += seen.distinct - seen.on;
    grid.expected_off += static_cast<double>(seen.values) * (1 - share_on);
    on += seen.on;
  }
  if (grid.distinct > 0) {
    const DiscreteTail tail = marked_upper_tail(draws, on);
    grid.p_value = tail.p_value(uniform);
    grid.bits = tail.bits();
  }
  for (std::uint32_t code = 1; code < first_code(kLowestGridBinade); ++code) {
    if (codes.counts[code] == 0) continue;
    grid.values += codes.counts[code];
    grid.off_values += codes.counts[code];
    grid.expected_off += static_cast<double>(codes.counts[code]);
    ++grid.distinct;
    ++grid.off;
    grid.deep = true;
  }
  return grid;
}

Quantum find_quantum(const FoldedCodes& codes) {
  constexpr int kHighest = FoldedCodes::kLowest + FoldedCodes::kBinades - 1;  // 127: beyond it nothing is finite
  int lowest = FoldedCodes::kLowest;
  while (lowest < kHighest && codes.in_binade(lowest) == 0) ++lowest;
  Quantum best;
  // A quantum above the smallest value would leave it off the lattice; far below it nothing is asked of the values.
  for (int g = lowest; g > lowest - 7 && g > -110; --g) {
    std::vector<Draws> draws;
    int on = 0, likelihood = 0;
    bool fits = true;
    for (int e = g; fits && e < g + 7 && e <= kHighest; ++e) {
      const BinadeGrid seen = look_at(codes, e, g);
      fits = seen.off_values == 0;
      on += seen.on;
      likelihood += seen.on * (g + 7 - e);  // log2 of the code's lattice cell over its own width
      draws.push_back({128, 1 << (e - g), seen.distinct});
    }
    if (!fits) continue;
    const double bits =
        std::min<double>(marked_upper_tail(draws, on).bits(), likelihood) - (g == kLowestGridBinade ? 0 : 6);
    if (bits > best.bits) best = {g, bits};
  }
  return best;
}

bool is_level(const FoldedCodes& codes, int lowest, int highest) {
  for (int e = lowest; e < highest; ++e) {
    const auto below = static_cast<double>(codes.in_binade(e)), above = static_cast<double>(codes.in_binade(e + 1));
    if (std::abs(above - 2 * below) > 4 * std::sqrt(above + 4 * below) + 0.25 * above) return false;
  }
  return true;
}

Gap measure_gap(const FoldedCodes& codes) {
  constexpr int kBand = 2;  // binades
  Gap gap;
  gap.below = codes.below(kLowestF16Normal);
  gap.band = codes.below(kLowestF16Normal + kBand) - gap.below;
  const auto band = static_cast<double>(gap.band), zeros = static_cast<double>(codes.zeros);
  const double swallowed = band / ((1 << kBand) - 1);
  const auto nearly = [swallowed](double count) {
    return std::abs(count - swallowed) < 4 * std::sqrt(count + swallowed) + 0.25 * swallowed;
  };
  const bool few = swallowed < kMostSwallowed * static_cast<double>(codes.values + codes.zeros);
  // Values that a level density would have between 2^-14 and the smallest above it.
  const double missing = swallowed * (code_value(smallest_from(codes, kLowestF16Normal)) / 0x1p-14 - 1);
  const bool level = gap.band != 0 && few && is_level(codes, kLowestF16Normal, kLowestF16Normal + kBand - 1);
  gap.fits = level && gap.below == 0 && nearly(zeros) && missing < kMostMissing;
  gap.fits_part = level && gap.below != 0 && nearly(zeros + static_cast<double>(gap.below));
  gap.short_of_zero = short_of_zero_bits(codes, gap.below);
  // Of n level values below 2^-12 a quarter lies below 2^-14; the lower tail is the upper one of the rest.
  gap.bits = binomial_upper_tail(gap.band, gap.band + gap.below, 1 - 1.0 / (1 << kBand)).bits();
  return gap;
}

double density_at_zero(const FoldedCodes& codes) {
  if (codes.values == 0) return 0;
  const auto values = static_cast<double>(codes.values);
  const double wanted = std::clamp(values / 64, 20.0, 400.0);
  std::uint64_t below = 0;
  for (int e = FoldedCodes::kLowest; e < 128; ++e) {
    const std::uint64_t with_this = below + codes.in_binade(e);
    if (static_cast<double>(with_this) < std::min(wanted, values)) {
      below = with_this;
      continue;
    }
    // Half of them should be in the lower half of the window; if hardly any is, the values stop short of zero.
    const auto all = static_cast<double>(with_this);
    if (static_cast<double>(below) < 0.25 * all) return 0;
    return all / (2 * std::ldexp(1.0, e + 1) * static_cast<double>(codes.values + codes.zeros));
  }
  return 0;
}

}  // namespace candor::audit_internal
