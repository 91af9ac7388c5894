#include "audit/judge/folded_codes.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

namespace candor::audit_internal {

std::uint64_t FoldedCodes::below(int exponent) const {
  return std::accumulate(binades.begin(), binades.begin() + (exponent - kLowest), std::uint64_t{0});
}

HeldCounts::HeldCounts(const FoldedCodes& codes) : codes_(codes) {
  std::vector<std::uint64_t> seen;
  for (std::uint32_t c = first_code(kLowestGridBinade); c < first_code(kHighestGridBinade + 1); ++c) {
    if (codes.counts[c] != 0) seen.push_back(codes.counts[c]);
  }
  std::sort(seen.begin(), seen.end());
  seen.resize(seen.size() > 3 ? seen.size() - 3 : 0);  // a few constants do not raise the bar for themselves
  const double sum = static_cast<double>(std::accumulate(seen.begin(), seen.end(), std::uint64_t{0}));
  const double mean = seen.empty() ? 0 : sum / static_cast<double>(seen.size());
  most_ = 4 + 3 * mean + 4 * std::sqrt(mean);
}

double HeldCounts::at(std::uint32_t code) const { return std::min(most_, static_cast<double>(codes_.counts[code])); }

FoldedCodes times_power_of_two(const FoldedCodes& codes, int exponent) {
  FoldedCodes scaled;
  scaled.counts.assign(kMagnitudeCodes, 0);
  scaled.binades.assign(FoldedCodes::kBinades, 0);
  scaled.zeros = codes.zeros;
  scaled.sigma = std::ldexp(codes.sigma, exponent);
  for (std::uint32_t code = first_code(FoldedCodes::kLowest + 1); code < kMagnitudeCodes; ++code) {
    const std::int64_t moved = static_cast<std::int64_t>(code) + exponent * 128;
    if (moved < first_code(FoldedCodes::kLowest + 1) || moved >= kMagnitudeCodes) continue;
    scaled.counts[static_cast<std::size_t>(moved)] = codes.counts[code];
    scaled.binades[static_cast<std::size_t>(moved >> 7)] += codes.counts[code];
    scaled.values += codes.counts[code];
  }
  return scaled;
}

int finest_bit(const FoldedCodes& codes) {
  int finest = FoldedCodes::kLowest + FoldedCodes::kBinades;
  codes.for_each_held(1, kMagnitudeCodes, [&finest](std::uint32_t code, std::uint64_t) {
    const int unit = std::max(binade_of(code), FoldedCodes::kLowest + 1) - 7;
    const std::uint32_t significand = (code & 0x7fu) | (code > 0x7fu ? 0x80u : 0u);
    finest = std::min(finest, unit + std::countr_zero(significand));
  });
  return finest;
}

std::optional<FoldedCodes> fold_codes(const Fingerprint& tensor) {
  if (tensor.code_dtype != DType::bf16) return std::nullopt;
  FoldedCodes folded;
  folded.counts.assign(kMagnitudeCodes, 0);
  folded.binades.assign(FoldedCodes::kBinades, 0);
  double squares = 0;
  for (const auto& [code, count] : tensor.codes) {
    const std::uint32_t magnitude = code & 0x7fffu;
    if (magnitude >= kMagnitudeCodes) continue;
    folded.counts[magnitude] += count;
    if (magnitude == 0) {
      folded.zeros += count;
      continue;
    }
    folded.values += count;
    folded.binades[magnitude >> 7] += count;
    squares += static_cast<double>(count) * code_value(magnitude) * code_value(magnitude);
  }
  const std::uint64_t finite = folded.values + folded.zeros;
  if (finite != 0) folded.sigma = std::sqrt(squares / static_cast<double>(finite));
  return folded;
}

}  // namespace candor::audit_internal
