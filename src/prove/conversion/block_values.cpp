#include "prove/conversion/block_values.h"

#include <cmath>
#include <cstring>
#include <string>

#include "candor/error.h"
#include "core/blocks.h"
#include "prove/rounding.h"

namespace candor::prove {
namespace {

double f16_at(const std::uint8_t* bytes, bool flushes) {
  const double value = decode(DType::f16, bytes[0] | static_cast<std::uint64_t>(bytes[1]) << 8);
  return flushes && std::fabs(value) < 0x1p-14 ? std::copysign(0.0, value) : value;
}

int nibble(const std::uint8_t* qs, int i) { return qs[i % 16] >> (i / 16 * 4) & 15; }
int fifth_bit(const std::uint8_t* qh, int i) { return (qh[i / 8] >> (i % 8) & 1) << 4; }

int quant(const BlockQ4_0& b, int i) { return nibble(b.qs, i) - 8; }
int quant(const BlockQ4_1& b, int i) { return nibble(b.qs, i); }
int quant(const BlockQ5_0& b, int i) { return (nibble(b.qs, i) | fifth_bit(b.qh, i)) - 16; }
int quant(const BlockQ5_1& b, int i) { return nibble(b.qs, i) | fifth_bit(b.qh, i); }
int quant(const BlockQ8_0& b, int i) { return b.qs[i]; }
int quant(const BlockQ4_K& b, int i) { return b.qs[i / 64 * 32 + i % 32] >> (i / 32 % 2 * 4) & 15; }
int quant(const BlockQ5_K& b, int i) {
  return (b.qs[i / 64 * 32 + i % 32] >> (i / 32 % 2 * 4) & 15) | (b.qh[i % 32] >> (i / 32) & 1) << 4;
}
int quant(const BlockQ6_K& b, int i) {
  const int half = i / 128, quarter = i / 32 % 4;
  const int low = b.ql[half * 64 + quarter % 2 * 32 + i % 32] >> (quarter / 2 * 4) & 15;
  return (low | (b.qh[half * 32 + i % 32] >> (2 * quarter) & 3) << 4) - 32;
}

/// The six-bit scale (which = 0) or minimum (which = 4) of sub-block j of q4_k and q5_k.
int six_bits(const std::uint8_t* scales, int j, int which) {
  if (j < 4) return scales[j + which] & 63;
  const int low = scales[j + 4] >> which & 15, high = scales[j - 4 + which] >> 6;
  return low | high << 4;
}

template <class Block>
double step(const Block& block, int, double scale) {
  static_cast<void>(block);
  return scale;
}
double step(const BlockQ4_K& block, int i, double scale) { return scale * six_bits(block.scales, i / 32, 0); }
double step(const BlockQ5_K& block, int i, double scale) { return scale * six_bits(block.scales, i / 32, 0); }
double step(const BlockQ6_K& block, int i, double scale) { return scale * block.scales[i / 16]; }

template <class Block>
double offset(const Block& block, int i, bool flushes) {
  if constexpr (requires { block.m; }) return f16_at(block.m, flushes);
  if constexpr (requires { block.dmin; }) return -f16_at(block.dmin, flushes) * six_bits(block.scales, i / 32, 4);
  return 0;
}

template <class Block>
constexpr bool kHasOffset = requires(Block block) {
  block.m;
}
|| requires(Block block) { block.dmin; };

template <class Block>
Values values_in(DType dtype, const std::byte* at, bool flushes) {
  Block block;
  std::memcpy(&block, at, sizeof block);
  const double scale = f16_at(block.d, flushes);
  Values values;
  for (int i = 0; i < dtype_info(dtype).block_elements; ++i) {
    const double product = step(block, i, scale) * quant(block, i);
    values.push_back(kHasOffset<Block> ? product + offset(block, i, flushes)
                                       : product);  // + 0 would lose the sign of -0
  }
  return values;
}

template <class Block>
void put_counted(std::byte* at, int index, std::uint16_t scale, std::uint16_t offset) {
  std::byte bytes[sizeof(Block)];
  for (std::size_t p = 0; p < sizeof bytes; ++p) bytes[p] = static_cast<std::byte>(index + static_cast<int>(37 * p));
  Block block;
  std::memcpy(&block, bytes, sizeof block);
  std::memcpy(block.d, &scale, sizeof scale);
  if constexpr (requires { block.m; }) std::memcpy(block.m, &offset, sizeof offset);
  if constexpr (requires { block.dmin; }) std::memcpy(block.dmin, &offset, sizeof offset);
  std::memcpy(at, &block, sizeof block);
}

/// f(Block{}) for the struct of the dtype.
template <class F>
auto with_block_type(DType dtype, F&& f) {
  switch (dtype) {
    case DType::q4_0:
      return f(BlockQ4_0{});
    case DType::q4_1:
      return f(BlockQ4_1{});
    case DType::q5_0:
      return f(BlockQ5_0{});
    case DType::q5_1:
      return f(BlockQ5_1{});
    case DType::q8_0:
      return f(BlockQ8_0{});
    case DType::q4_k:
      return f(BlockQ4_K{});
    case DType::q5_k:
      return f(BlockQ5_K{});
    case DType::q6_k:
      return f(BlockQ6_K{});
    default:
      throw DTypeError("prove: no block format " + std::string(dtype_name(dtype)));
  }
}

}  // namespace

Values block_values(DType dtype, const std::byte* block, bool flushes) {
  return with_block_type(dtype, [&]<class Block>(const Block&) { return values_in<Block>(dtype, block, flushes); });
}

void put_counted_block(DType dtype, std::byte* at, int index, std::uint16_t scale, std::uint16_t offset) {
  with_block_type(dtype, [&]<class Block>(const Block&) { put_counted<Block>(at, index, scale, offset); });
}

}  // namespace candor::prove
