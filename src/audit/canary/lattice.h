// Quantisation with scales: values that lie on the levels of a code book times a scale per block, row or tensor.
#pragma once

#include <optional>
#include <string>

#include "audit/canary/found.h"

namespace candor::audit_internal {

struct LatticeFit {
  std::string id, text;  // "int8-row", "int8 codes with a scale for each row"
  std::uint64_t exceptions = 0;
};

/// The scheme whose lattice holds the found values, near enough to those written for a rounding to it. Only for
/// canaries of ordinary values: an infinity or a NaN makes a scale meaningless.
std::optional<LatticeFit> fit_lattice(const FoundCanary& found);

}  // namespace candor::audit_internal
