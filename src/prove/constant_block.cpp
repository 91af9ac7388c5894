// Written from the formats' description in core/blocks.h: quants that stand for one number, times a scale, plus an
// offset.
#include "prove/constant_block.h"

#include <cstring>
#include <string>

#include "candor/error.h"
#include "core/blocks.h"
#include "prove/rounding.h"

namespace candor::prove {
namespace {

bool has_offset(DType dtype) {
  return dtype == DType::q4_1 || dtype == DType::q5_1 || dtype == DType::q4_k || dtype == DType::q5_k;
}

/// The largest odd quant and sub-scale that give the most bits.
BlockParts widest_parts(DType dtype) {
  switch (dtype) {
    case DType::q4_0:
      return {0, 0, 7, 1};
    case DType::q5_0:
      return {0, 0, 15, 1};
    case DType::q8_0:
      return {0, 0, 127, 1};
    case DType::q6_k:
      return {0, 0, 31, 127};
    default:
      return {0, 0, 4, 1};
  }
}

void put_f16(std::uint8_t* at, double value) {
  const auto code = static_cast<std::uint16_t>(encode(DType::f16, value));
  std::memcpy(at, &code, sizeof code);
}

/// A block with its scale, and with every byte of its quants set.
template <class Block>
Block with_scale(const BlockParts& parts, int quants) {
  Block block{};
  put_f16(block.d, parts.scale);
  if constexpr (requires { block.qs; }) std::memset(block.qs, quants, sizeof block.qs);
  if constexpr (requires { block.m; }) put_f16(block.m, parts.offset);
  return block;
}

template <class Block>
void put(std::byte* at, const Block& block) {
  std::memcpy(at, &block, sizeof block);
}

int both_nibbles(int quant) { return quant << 4 | quant; }

template <class Block>
void put_fifth_bits(std::byte* at, const BlockParts& parts, int code) {
  Block block = with_scale<Block>(parts, both_nibbles(code & 15));
  std::memset(block.qh, code & 16 ? 0xff : 0, sizeof block.qh);
  put(at, block);
}

/// Six-bit scales and minima of q4_k and q5_k, all one.
template <class Block>
void put_super_block(std::byte* at, const BlockParts& parts) {
  Block block = with_scale<Block>(parts, both_nibbles(parts.quant));
  put_f16(block.dmin, -parts.offset);
  std::memset(block.scales, 1, 8);         // sub-blocks 0 … 3: four scales, four minima
  std::memset(block.scales + 8, 0x11, 4);  // sub-blocks 4 … 7: a nibble of each
  put(at, block);
}

void put_q6_k(std::byte* at, const BlockParts& parts) {
  auto block = with_scale<BlockQ6_K>(parts, 0);
  const int code = parts.quant + 32;
  std::memset(block.ql, both_nibbles(code & 15), sizeof block.ql);
  std::memset(block.qh, (code >> 4) * 0x55, sizeof block.qh);
  std::memset(block.scales, parts.sub_scale, sizeof block.scales);
  put(at, block);
}

}  // namespace

std::optional<BlockParts> block_parts(DType dtype, double value) {
  if (!(value - value == 0)) return std::nullopt;  // no NaN, no infinity
  const BlockParts widest = widest_parts(dtype);
  for (const BlockParts& parts : {BlockParts{0, 0, 4, 1}, widest}) {
    const double scale = value / (parts.quant * parts.sub_scale);
    if (round_to(DType::f16, scale) == scale && scale * parts.quant * parts.sub_scale == value)
      return BlockParts{scale, 0, parts.quant, parts.sub_scale};
  }
  if (has_offset(dtype) && 1 + (value - 1) == value && round_to(DType::f16, value - 1) == value - 1)
    return BlockParts{0.25, value - 1, 4, 1};
  return std::nullopt;
}

double widest_block_value(DType dtype) {
  if (has_offset(dtype)) return 1 + 0x1p-23;
  const BlockParts parts = widest_parts(dtype);
  return (1 + 0x1p-10) * parts.quant * parts.sub_scale;
}

void put_constant_block(DType dtype, std::byte* at, double value) {
  const std::optional<BlockParts> parts = block_parts(dtype, value);
  if (!parts) throw DTypeError("prove: no block of " + std::string(dtype_name(dtype)) + " holds the canary");
  switch (dtype) {
    case DType::q4_0:
      return put(at, with_scale<BlockQ4_0>(*parts, both_nibbles(parts->quant + 8)));
    case DType::q4_1:
      return put(at, with_scale<BlockQ4_1>(*parts, both_nibbles(parts->quant)));
    case DType::q5_0:
      return put_fifth_bits<BlockQ5_0>(at, *parts, parts->quant + 16);
    case DType::q5_1:
      return put_fifth_bits<BlockQ5_1>(at, *parts, parts->quant);
    case DType::q8_0:
      return put(at, with_scale<BlockQ8_0>(*parts, parts->quant));
    case DType::q4_k:
      return put_super_block<BlockQ4_K>(at, *parts);
    case DType::q5_k:
      return put_super_block<BlockQ5_K>(at, *parts);
    case DType::q6_k:
      return put_q6_k(at, *parts);
    default:
      throw DTypeError("prove: no block format " + std::string(dtype_name(dtype)));
  }
}

}  // namespace candor::prove
