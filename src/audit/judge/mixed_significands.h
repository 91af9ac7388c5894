// Tensors of which a part has short significands: bf16 weights merged into f32 ones, say.
#pragma once

#include <cstdint>
#include <optional>

#include "audit/fingerprint.h"
#include "audit/judge/narrow_formats.h"

namespace candor::audit_internal {

struct MixedSignificands {
  const NarrowFormat* format = nullptr;  // of the short part
  std::uint64_t values = 0;              // finite, not zero
  std::uint64_t brief = 0;               // short ones, powers of two left out
  std::uint64_t distinct = 0;            // of them, so many different ones at least
  bool capped = false;                   // there may be more different ones
  double expected = 0;                   // by chance, of full-length values
  bool expected_at_most = false;         // the full-length values are not spread evenly over all codes
  double share = 0, low = 0, high = 0;   // of the short part, 95 %
  double bits = 0, p_value = 1;          // Poisson
};

/// From the joint counts of an f32 or f64 tensor. Nothing unless the other part looks like full-length values: half of
/// them end in a one, a quarter in one zero, and so on, or nearly so, as after a multiplication by a constant or on the
/// grid of a uniform generator. Products of short factors do not, and are no mixture.
std::optional<MixedSignificands> measure_mixture(const Fingerprint& tensor, const NarrowFormat& container);

}  // namespace candor::audit_internal
