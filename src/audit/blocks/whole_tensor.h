// One scale for the whole tensor: a lattice that holds throughout is a quantiser's only when it ends where a quantiser
// ends. Multiples of a learning rate, counters and tables have lattices too.
#pragma once

#include <optional>

#include "audit/blocks/search.h"

namespace candor::audit_internal {

/// `sampled`, a scheme whose extent is the tensor, fitted again to the same sample with the tensor's lowest and highest
/// values in it, for which every value is looked at. Nothing: no quantiser of the family has such levels. Those of int8
/// lie 254 or 255 apart, or reach 127 or 128 from a zero that is one of them; fewer bits, and a scale that is a power
/// of two, are never told from small multiples of a learning rate and from fixed-point grids. 8-bit floats need as many
/// magnitudes as no other lattice has.
std::optional<Tally> scheme_of_the_tensor(const TensorSlice& slice, const Tally& sampled);

}  // namespace candor::audit_internal
