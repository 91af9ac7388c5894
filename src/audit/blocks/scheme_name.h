// What a scheme that fits is called. The first word is the format ("int4",
// "nf4", "mxfp4", "fp8"); a GGUF type that the blocks agree with in every
// detail follows in parentheses.
#pragma once

#include <string>

#include "audit/blocks/search.h"

namespace candor::audit_internal {

/// Whether one lattice holds for at least half as many blocks as the scheme fits. A few blocks that share a lattice say
/// nothing against a scheme that fits all: minima of q4_1 are bf16 numbers when the model was bf16, so are the scales
/// of one block in fifteen, and those blocks' values are multiples of 2^-9 as well. powers_of_two: not one lattice, but
/// half of the blocks' scales are powers of two, as last bits of bf16 are.
enum class OneLattice : std::uint8_t { no, yes, powers_of_two };
OneLattice one_lattice_throughout(BlockShelf& shelf, const Tally& scheme);

/// Empty: fits, but is no scheme by the rules for lattices that hold for the
/// whole tensor.
std::string scheme_name(const TensorSlice& slice, const Tally& tally, OneLattice lattice);

}  // namespace candor::audit_internal
