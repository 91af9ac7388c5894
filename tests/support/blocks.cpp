#include "support/blocks.h"

#include <cstring>
#include <stdexcept>

#include "core/blocks.h"
#include "core/formats.h"

namespace candor::test {
namespace {

void put_f16(std::uint8_t* bytes, double value) {
  const std::uint16_t bits = f64_to_f16_bits(value);
  bytes[0] = static_cast<std::uint8_t>(bits);
  bytes[1] = static_cast<std::uint8_t>(bits >> 8);
}

template <class Block> Block random_bytes(Random& random) {
  Block block;
  auto* bytes = reinterpret_cast<std::uint8_t*>(&block);
  for (std::size_t i = 0; i < sizeof block; ++i) bytes[i] = static_cast<std::uint8_t>(random.bits());
  return block;
}

// Low bits only, so that 6-bit scales and minima are at most 7: small integers.
void small_sub_scales(std::uint8_t* scales) {
  for (int i = 0; i < 8; ++i) scales[i] &= 7;
  for (int i = 8; i < 12; ++i) scales[i] &= 0x77;
}

// `scale`: about the reciprocal of the largest quant, times 1 (random) or a power of two (integers: 1).
template <class Block> void set_scales(Block& block, BlockValues values, double largest, Random& random) {
  const bool exact = values == BlockValues::integers;
  if constexpr (requires { block.scales; }) {
    for (auto& scale : block.scales)
      if (exact && sizeof block.scales == 16)
        scale = static_cast<std::remove_reference_t<decltype(scale)>>(random.integer(-4, 4));
    if (exact && sizeof block.scales == 12) small_sub_scales(reinterpret_cast<std::uint8_t*>(block.scales));
  }
  put_f16(block.d, exact ? 1.0 : random.uniform(0.5, 1.0) / largest);
  if constexpr (requires { block.m; })
    put_f16(block.m, exact ? static_cast<double>(random.integer(-8, 8)) : random.uniform(-1, 0));
  if constexpr (requires { block.dmin; }) put_f16(block.dmin, exact ? 1.0 : random.uniform(0.5, 1.0) / 63);
}

template <class Block>
void fill_blocks(const View& view, double largest, BlockValues values, std::uint64_t seed) {
  Random random(seed);
  const std::int64_t count = view.elements() / dtype_info(view.dtype).block_elements;
  for (std::int64_t i = 0; i < count; ++i) {
    Block block = random_bytes<Block>(random);
    set_scales(block, values, largest, random);
    std::memcpy(view.as<std::byte>() + i * static_cast<std::int64_t>(sizeof block), &block, sizeof block);
  }
}

// Every quant encodes 4 times the scale.
template <class Block> Block constant_block(double value) {
  Block block{};
  put_f16(block.d, value / 4);
  return block;
}
template <class Block>
void set_quants(Block& block, std::uint8_t quants) {
  std::memset(block.qs, quants, sizeof block.qs);
}
void one_scales(std::uint8_t* scales) {
  for (int i = 0; i < 4; ++i) scales[i] = 1;       // sub-blocks 0 … 3
  for (int i = 8; i < 12; ++i) scales[i] = 1;      // low nibbles: sub-blocks 4 … 7
}

void put_constant(DType dtype, std::byte* at, double value) {
  const auto copy = [&](const auto& block) { std::memcpy(at, &block, sizeof block); };
  switch (dtype) {
    case DType::q4_0: { auto b = constant_block<BlockQ4_0>(value); set_quants(b, 0xcc); return copy(b); }
    case DType::q4_1: { auto b = constant_block<BlockQ4_1>(value); set_quants(b, 0x44); return copy(b); }
    case DType::q5_0: {
      auto b = constant_block<BlockQ5_0>(value);
      set_quants(b, 0x44);
      std::memset(b.qh, 0xff, sizeof b.qh);
      return copy(b);
    }
    case DType::q5_1: { auto b = constant_block<BlockQ5_1>(value); set_quants(b, 0x44); return copy(b); }
    case DType::q8_0: { auto b = constant_block<BlockQ8_0>(value); set_quants(b, 4); return copy(b); }
    case DType::q4_k: {
      auto b = constant_block<BlockQ4_K>(value);
      set_quants(b, 0x44);
      one_scales(b.scales);
      return copy(b);
    }
    case DType::q5_k: {
      auto b = constant_block<BlockQ5_K>(value);
      set_quants(b, 0x44);
      one_scales(b.scales);
      return copy(b);
    }
    case DType::q6_k: {  // 36 - 32: low nibble 4, upper bits 10
      auto b = constant_block<BlockQ6_K>(value);
      std::memset(b.ql, 0x44, sizeof b.ql);
      std::memset(b.qh, 0xaa, sizeof b.qh);
      std::memset(b.scales, 1, sizeof b.scales);
      return copy(b);
    }
    default: throw std::logic_error("no block format: " + std::string(dtype_name(dtype)));
  }
}

}  // namespace

double largest_block_integer(DType dtype) {
  switch (dtype) {
    case DType::q4_0: return 8;
    case DType::q4_1: return 15 + 8;
    case DType::q5_0: return 16;
    case DType::q5_1: return 31 + 8;
    case DType::q8_0: return 128;
    case DType::q4_k: return 7 * 15;           // scale · q - minimum, all >= 0 apart from the minimum's 7
    case DType::q5_k: return 7 * 31;
    case DType::q6_k: return 4 * 32;
    default: return 0;
  }
}

View make_blocks(Workspace& workspace, DType dtype, const std::vector<std::int64_t>& shape, BlockValues values,
                 std::uint64_t seed, std::int64_t misaligned) {
  const View view = workspace.place(dtype, shape, {.misaligned = misaligned});
  switch (dtype) {
    case DType::q4_0: fill_blocks<BlockQ4_0>(view, 8, values, seed); break;
    case DType::q4_1: fill_blocks<BlockQ4_1>(view, 8, values, seed); break;
    case DType::q5_0: fill_blocks<BlockQ5_0>(view, 16, values, seed); break;
    case DType::q5_1: fill_blocks<BlockQ5_1>(view, 16, values, seed); break;
    case DType::q8_0: fill_blocks<BlockQ8_0>(view, 128, values, seed); break;
    case DType::q4_k: fill_blocks<BlockQ4_K>(view, 63 * 15, values, seed); break;
    case DType::q5_k: fill_blocks<BlockQ5_K>(view, 63 * 31, values, seed); break;
    case DType::q6_k: fill_blocks<BlockQ6_K>(view, 127 * 31, values, seed); break;
    default: throw std::logic_error("no block format: " + std::string(dtype_name(dtype)));
  }
  return view;
}

View make_constant_blocks(Workspace& workspace, DType dtype, const std::vector<std::int64_t>& shape,
                          const Doubles& values) {
  const View view = workspace.place(dtype, shape);
  const DTypeInfo& info = dtype_info(dtype);
  for (std::size_t i = 0; i < values.size(); ++i)
    put_constant(dtype, view.as<std::byte>() + static_cast<std::int64_t>(i) * info.block_bytes, values[i]);
  return view;
}

}  // namespace candor::test
