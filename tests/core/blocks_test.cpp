// Dequantization of blocks against gguf-py's values (golden/blocks.golden) and an independent formula in f64.
#include "core/blocks.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>

#include "tests/support/fill.h"

namespace candor {
namespace {

constexpr DType kBlockTypes[] = {DType::q4_0, DType::q4_1, DType::q5_0, DType::q5_1,
                                 DType::q8_0, DType::q4_k, DType::q5_k, DType::q6_k};

using Bytes = std::vector<std::uint8_t>;

TEST(Blocks, EqualGgufPyBitForBit) {
  std::ifstream file(CANDOR_SOURCE_DIR "/tests/core/golden/blocks.golden", std::ios::binary);
  const Bytes data{std::istreambuf_iterator<char>(file), {}};
  std::size_t at = 0, types = 0;
  while (at < data.size()) {
    std::uint32_t header[4];
    std::memcpy(header, &data[at], sizeof(header));
    at += sizeof(header);
    const auto dtype = dtype_from_gguf(header[0]);
    ASSERT_TRUE(dtype);
    const std::uint32_t bytes = header[1] * header[2], elements = header[1] * header[3];
    ASSERT_EQ(dtype_bytes(*dtype, elements), bytes);
    std::vector<std::uint32_t> expected(elements), actual(elements);
    std::memcpy(expected.data(), &data[at + bytes], elements * 4);
    std::vector<float> values(elements);
    ASSERT_TRUE(dequantize_blocks(*dtype, &data[at], elements, values.data()));
    std::memcpy(actual.data(), values.data(), elements * 4);
    EXPECT_EQ(actual, expected) << dtype_name(*dtype);
    at += bytes + elements * 4;
    ++types;
  }
  EXPECT_EQ(types, std::size(kBlockTypes));
}

// The formats again, from their description: bit fields by bit number, values in f64, where everything is exact.
unsigned bits(const std::uint8_t* bytes, int first_bit, int count) {
  unsigned value = 0;
  for (int i = 0; i < count; ++i) value |= (bytes[(first_bit + i) / 8] >> (first_bit + i) % 8 & 1u) << i;
  return value;
}

double half_at(const std::uint8_t* bytes) {
  const int exponent = static_cast<int>(bits(bytes, 10, 5)), mantissa = static_cast<int>(bits(bytes, 0, 10));
  const double magnitude = exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
  return bits(bytes, 15, 1) ? -magnitude : magnitude;
}

// Nibble of element i (of 32) in 16 bytes: the first half of the elements are the low nibbles.
int nibble(const std::uint8_t* qs, int i) { return static_cast<int>(bits(qs, i % 16 * 8 + i / 16 * 4, 4)); }

double simple_block(DType dtype, const std::uint8_t* b, int i) {
  const double d = half_at(b);
  switch (dtype) {
    case DType::q4_0: return d * (nibble(b + 2, i) - 8);
    case DType::q4_1: return d * nibble(b + 4, i) + half_at(b + 2);
    case DType::q5_0: return d * (nibble(b + 6, i) + 16 * static_cast<int>(bits(b + 2, i, 1)) - 16);
    case DType::q5_1: return d * (nibble(b + 8, i) + 16 * static_cast<int>(bits(b + 4, i, 1))) + half_at(b + 2);
    default: return d * static_cast<std::int8_t>(b[2 + i]);
  }
}

double q45_k(DType dtype, const std::uint8_t* b, int i) {
  const int j = i / 32, within = i % 32;
  const std::uint8_t* s = b + 4;
  int scale = static_cast<int>(bits(s, 8 * j, 6)), minimum = static_cast<int>(bits(s, 8 * (j + 4), 6));
  if (j >= 4) {
    scale = static_cast<int>(bits(s, 8 * (j + 4), 4) + 16 * bits(s, 8 * (j - 4) + 6, 2));
    minimum = static_cast<int>(bits(s, 8 * (j + 4) + 4, 4) + 16 * bits(s, 8 * j + 6, 2));
  }
  const std::uint8_t* qs = b + (dtype == DType::q4_k ? 16 : 48);
  int q = static_cast<int>(bits(qs, (j / 2 * 32 + within) * 8 + j % 2 * 4, 4));
  if (dtype == DType::q5_k) q += 16 * static_cast<int>(bits(b + 16, within * 8 + j, 1));
  return half_at(b) * scale * q - half_at(b + 2) * minimum;
}

double q6_k(const std::uint8_t* b, int i) {
  const int half = i / 128, run = i % 128 / 32, within = i % 32;
  const int low = static_cast<int>(bits(b, (half * 64 + run % 2 * 32 + within) * 8 + run / 2 * 4, 4));
  const int high = static_cast<int>(bits(b + 128, (half * 32 + within) * 8 + run * 2, 2));
  return half_at(b + 208) * static_cast<std::int8_t>(b[192 + i / 16]) * (low + 16 * high - 32);
}

float reference(DType dtype, const std::uint8_t* block, int i) {
  if (dtype == DType::q6_k) return static_cast<float>(q6_k(block, i));
  if (dtype == DType::q4_k || dtype == DType::q5_k) return static_cast<float>(q45_k(dtype, block, i));
  return static_cast<float>(simple_block(dtype, block, i));
}

TEST(Blocks, EqualTheFormulaRoundedOnce) {
  test::Random random(7);
  for (const DType dtype : kBlockTypes) {
    const DTypeInfo& info = dtype_info(dtype);
    Bytes block(static_cast<std::size_t>(info.block_bytes));
    std::vector<float> y(static_cast<std::size_t>(info.block_elements));
    for (int repeat = 0; repeat < 2000; ++repeat) {
      for (std::uint8_t& byte : block) byte = static_cast<std::uint8_t>(random.bits());
      // Finite scales of every size, subnormal ones among them.
      const std::size_t fields[] = {dtype == DType::q6_k ? 208u : 0u, 2u};
      for (const std::size_t field : fields)
        if (bits(&block[field], 10, 5) == 31) block[field + 1] ^= 0x40;
      ASSERT_TRUE(dequantize_blocks(dtype, block.data(), info.block_elements, y.data()));
      for (int i = 0; i < info.block_elements; ++i)
        ASSERT_EQ(f32_bits(y[static_cast<std::size_t>(i)]), f32_bits(reference(dtype, block.data(), i)))
            << info.name << " element " << i << " of repeat " << repeat;
    }
  }
}

// The claim in core/blocks.h that makes kernels free to fuse: fma and multiply-then-add agree.
TEST(Blocks, FusingChangesNothing) {
  test::Random random(8);
  for (int i = 0; i < 200'000; ++i) {
    const float d = f16_bits_to_f32(static_cast<std::uint16_t>(random.bits() & 0xbbff));
    const float m = f16_bits_to_f32(static_cast<std::uint16_t>(random.bits() & 0xbbff));
    const float scale = static_cast<float>(random.integer(0, 63)), q = static_cast<float>(random.integer(0, 31));
    const float minimum = static_cast<float>(random.integer(0, 63));
    ASSERT_EQ(std::fmaf(d, q, m), d * q + m);
    const float step = d * scale, offset = m * minimum;
    ASSERT_EQ(std::fmaf(step, q, -offset), step * q - offset);
    ASSERT_EQ(static_cast<double>(step * q), static_cast<double>(d) * scale * q);
  }
}

TEST(Blocks, OtherDtypesAreRefused) {
  float y = 5;
  for (const DType dtype : {DType::bf16, DType::q8_1, DType::q2_k, DType::any})
    EXPECT_FALSE(dequantize_blocks(dtype, &y, 1, &y));
  EXPECT_EQ(y, 5);
}

}  // namespace
}  // namespace candor
