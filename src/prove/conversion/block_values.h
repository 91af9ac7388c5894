// What a block says, in exact arithmetic: a second reading of the formats described in core/blocks.h.
#pragma once

#include <cstddef>

#include "prove/operands.h"

namespace candor::prove {

/// scale · quant + offset of every element; doubles hold it. `flushes`: f16 subnormals among scales and offsets are
/// zero.
Values block_values(DType dtype, const std::byte* block, bool flushes);

/// Block `index` of a family of 256: at every place of its quants each byte occurs in one of them.
/// `scale` and `offset` are codes of f16; formats without an offset ignore it.
void put_counted_block(DType dtype, std::byte* at, int index, std::uint16_t scale, std::uint16_t offset);

}  // namespace candor::prove
