#include <cmath>

#include "audit/judge/channels.h"
#include "audit/judge/tails.h"

namespace candor::audit_internal {

namespace {

// Weights of sum over even m in 2 … 126 of N(m) - (N(m-1) + N(m+1)) / 2. Terms that touch a spike are left out.
ParityBinade weigh_binade(const FoldedCodes& codes, const Roughness& roughness, int binade, std::uint64_t& used) {
  double weights[128] = {};
  const std::uint32_t first = first_code(binade);
  for (std::uint32_t m = 2; m <= 126; m += 2) {
    if (roughness.spikes[first + m - 1] || roughness.spikes[first + m] || roughness.spikes[first + m + 1]) continue;
    weights[m] += 1;
    weights[m - 1] += 0.5;
    weights[m + 1] += 0.5;
  }
  ParityBinade result;
  result.binade = binade;
  for (std::uint32_t m = 1; m < 128; ++m) {
    if (weights[m] == 0) continue;
    const auto count = static_cast<double>(codes.counts[first + m]);
    (m % 2 == 0 ? result.even : result.odd) += weights[m] * count;
    result.variance += weights[m] * weights[m] * count;
    used += codes.counts[first + m];
  }
  return result;
}

}  // namespace

Parity measure_parity(const FoldedCodes& codes, const Roughness& roughness) {
  Parity parity;
  for (const int binade : roughness.usable) {
    const ParityBinade seen = weigh_binade(codes, roughness, binade, parity.used);
    if (seen.variance == 0) continue;
    parity.even += seen.even;
    parity.odd += seen.odd;
    parity.variance += seen.variance;
    parity.binades.push_back(seen);
  }
  parity.excess = parity.even - parity.odd;
  if (parity.variance == 0) return parity;
  parity.z = parity.excess / std::sqrt(parity.variance * roughness.dispersion);
  parity.bits = normal_tail_bits(parity.z);
  parity.p_value = std::exp2(-parity.bits);
  return parity;
}

}  // namespace candor::audit_internal
