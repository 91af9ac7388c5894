// Elements as they lie in memory, and what each of them means: the operands of ops that move and convert.
#pragma once

#include <vector>

#include "prove/operands.h"

namespace candor::prove {

struct Element {
  double value = 0;
  double flushed = 0;  // the value where what its storage calls subnormal counts as zero
};

/// Units one after the other: elements, or whole blocks.
struct Elements {
  DType dtype = DType::any;
  std::vector<std::byte> bytes;
  std::vector<Element> values;  // of each element; of each block where blocks move as they are
  std::int64_t units() const;
  const std::byte* unit(std::int64_t i) const;
};

using Codes = std::vector<std::uint64_t>;

/// Scalars, floating or integer, with these codes.
Elements elements_of(DType dtype, const Codes& codes);
/// `count` blocks whose every element has this value, which block_parts() can spell.
Elements constant_blocks(DType dtype, double value, std::int64_t count);

/// What the scales of a family of blocks are.
enum class BlockScales { ordinary, subnormal, nan };
/// Blocks in which every quant occurs at every place (256 of them with ordinary scales). `moved`: one value per block.
Elements counted_blocks(DType dtype, BlockScales scales, bool moved);

/// The value of an integer code.
std::int64_t integer_of(DType dtype, std::uint64_t code);
/// Of the smallest normal number of a floating dtype.
double smallest_normal(DType dtype);

}  // namespace candor::prove
