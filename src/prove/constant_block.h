// Blocks whose every element is one value.
#pragma once

#include <cstddef>
#include <optional>

#include "candor/dtype.h"

namespace candor::prove {

/// value = scale · quant · sub_scale + offset, as a block of the dtype spells it.
struct BlockParts {
  double scale, offset;  // f16
  int quant, sub_scale;  // sub_scale: q6_k's, which is 1 elsewhere
};
/// nullopt: no block that is written here has this value.
std::optional<BlockParts> block_parts(DType dtype, double value);
/// The value with the most significant bits among those that block_parts() can spell.
double widest_block_value(DType dtype);
/// Every element of the block at `at` becomes `value`. errors: DTypeError (block_parts() has none)
void put_constant_block(DType dtype, std::byte* at, double value);

}  // namespace candor::prove
