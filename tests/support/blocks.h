// Block-quantised operands for tests: random blocks with sane scales, blocks of small integers, constant blocks.
#pragma once

#include <cstdint>
#include <vector>

#include "support/operand.h"

namespace candor::test {

enum class BlockValues {
  random,    // any quants; scales so that values lie around ±1
  integers,  // every value an integer of magnitude <= largest_block_integer(dtype)
};

double largest_block_integer(DType dtype);

/// `shape`'s last extent must be whole blocks.
View make_blocks(Workspace& workspace, DType dtype, const std::vector<std::int64_t>& shape, BlockValues values,
                 std::uint64_t seed, std::int64_t misaligned = 0);

/// Block i of the result holds values[i] everywhere; values[i] / 4 must be an f16.
View make_constant_blocks(Workspace& workspace, DType dtype, const std::vector<std::int64_t>& shape,
                          const Doubles& values);

}  // namespace candor::test
