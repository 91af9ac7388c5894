// Is the density smooth enough for tests that compare neighbouring codes?
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "audit/judge/folded_codes.h"

namespace candor::audit_internal {

/// Every measure compares codes of the same parity two steps apart: all histories give those the same width, so that
/// laundering is not taken for roughness. Binades below 2^-17 are left out, where f16's lattice is coarser than bf16.
struct Roughness {
  double dispersion = 1;       // variance of those differences over that of counting alone; 1 when smooth, never less
  double amplitude = 0;        // relative, of what exceeds counting: 0 smooth, about 1 for spikes
  double amplitude_bits = 0;   // how sure it is that there is any
  double group_amplitude = 0;  // the same for aligned groups of eight codes, edges trimmed away
  double spike_share = 0;      // of the values, in codes that stand out
  double largest_share = 0;    // of the values, in one code
  std::uint64_t used = 0;      // values compared
  std::vector<bool> spikes;    // [kMagnitudeCodes] codes that stand out or border on one that does
  std::vector<int> usable;     // binades whose values spread over enough codes, ascending
  std::uint64_t usable_values = 0;  // in them, spikes left out

  bool is_usable(int binade) const;
};

Roughness measure_roughness(const FoldedCodes& codes);

/// Why the values are not to be judged by neighbouring codes; empty: they may be.
struct Gate {
  std::string sub, reason;
};
Gate look_for_structure(const FoldedCodes& codes, const Roughness& roughness);

}  // namespace candor::audit_internal
