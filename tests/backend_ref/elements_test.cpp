// The reader and writer of every dtype, against values worked out by hand.
#include "backend/ref/elements.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "candor/error.h"
#include "core/packed.h"
#include "support/operand.h"

namespace candor::test {
namespace {

TEST(Elements, ReadsEveryFloatingDType) {
  const std::uint16_t bf16[] = {0x3f80, 0xc049, 0x0001}, f16[] = {0x3c00, 0xc248, 0x0001};
  EXPECT_EQ(ref::load_element(DType::bf16, bf16, 0), 1.0);
  EXPECT_EQ(ref::load_element(DType::bf16, bf16, 1), -3.140625);
  EXPECT_EQ(ref::load_element(DType::bf16, bf16, 2), 0x1p-133);
  EXPECT_EQ(ref::load_element(DType::f16, f16, 0), 1.0);
  EXPECT_EQ(ref::load_element(DType::f16, f16, 1), -3.140625);
  EXPECT_EQ(ref::load_element(DType::f16, f16, 2), 0x1p-24);
  const std::uint8_t f8[] = {0x38, 0x7e, 0x3c};
  EXPECT_EQ(ref::load_element(DType::f8_e4m3, f8, 0), 1.0);
  EXPECT_EQ(ref::load_element(DType::f8_e4m3, f8, 1), 448.0);
  EXPECT_EQ(ref::load_element(DType::f8_e5m2, f8, 2), 1.0);
  const float f32 = 0x1p-149f;
  EXPECT_EQ(ref::load_element(DType::f32, &f32, 0), 0x1p-149);
}

TEST(Elements, ReadsIntegers) {
  const std::int8_t i8 = -128;
  const std::uint8_t u8 = 255;
  const std::int32_t i32 = std::numeric_limits<std::int32_t>::min();
  EXPECT_EQ(ref::load_element(DType::i8, &i8, 0), -128.0);
  EXPECT_EQ(ref::load_element(DType::u8, &u8, 0), 255.0);
  EXPECT_EQ(ref::load_element(DType::i32, &i32, 0), -0x1p31);
}

TEST(Elements, LargeI64IsRoundedToOdd) {
  const std::int64_t just_above_half = (std::int64_t{1} << 62) + (std::int64_t{1} << 38) + 1;  // f32: up, not to even
  const double value = ref::load_element(DType::i64, &just_above_half, 0);
  EXPECT_EQ(static_cast<float>(value), 0x1.000002p62f);
  const std::int64_t half = just_above_half - 1;  // a true tie: to even
  EXPECT_EQ(static_cast<float>(ref::load_element(DType::i64, &half, 0)), 0x1p62f);
  const std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
  EXPECT_EQ(ref::load_element(DType::i64, &lowest, 0), -0x1p63);
}

TEST(Elements, StoresWithOneRounding) {
  EXPECT_EQ(ref::round_to(DType::bf16, 1.0 + 0x1p-8), 1.0);                    // tie to even
  EXPECT_EQ(ref::round_to(DType::bf16, 1.0 + 0x1p-8 + 0x1p-40), 1.0 + 0x1p-7);  // two roundings would give 1
  EXPECT_EQ(ref::round_to(DType::bf16, 1.0 + 0x1.8p-7), 1.0 + 0x1p-6);
  EXPECT_EQ(ref::round_to(DType::f16, 65519.0), 65504.0);
  EXPECT_EQ(ref::round_to(DType::f16, 65520.0), std::numeric_limits<double>::infinity());
  EXPECT_EQ(ref::round_to(DType::f16, 0x1p-25), 0.0);
  EXPECT_EQ(ref::round_to(DType::f16, 0x1.8p-25), 0x1p-24);
  EXPECT_EQ(ref::round_to(DType::f32, 1.0 + 0x1p-24), 1.0);
  EXPECT_TRUE(std::isnan(ref::round_to(DType::bf16, std::numeric_limits<double>::quiet_NaN())));
  EXPECT_TRUE(std::signbit(ref::round_to(DType::f16, -0.0)));
}

TEST(Elements, IntegersRoundToEvenAndSaturate) {
  EXPECT_EQ(ref::round_to(DType::i32, 2.5), 2.0);
  EXPECT_EQ(ref::round_to(DType::i32, 3.5), 4.0);
  EXPECT_EQ(ref::round_to(DType::i32, 1e10), 2147483647.0);
  EXPECT_EQ(ref::round_to(DType::i8, -1e10), -128.0);
  EXPECT_EQ(ref::round_to(DType::u8, -3.0), 0.0);
  EXPECT_EQ(ref::round_to(DType::i64, 1e30), 0x1.fffffffffffffp62);  // 2^63 - 1, rounded to odd
  EXPECT_EQ(ref::round_to(DType::i32, std::numeric_limits<double>::quiet_NaN()), 0.0);
}

TEST(Elements, RefusesWhatCannotBeReadOrWritten) {
  std::uint64_t bytes[64] = {};
  EXPECT_THROW(ref::load_element(DType::iq4_nl, bytes, 0), DTypeError);
  EXPECT_THROW(ref::load_element(DType::u32, bytes, 0), DTypeError);
  EXPECT_THROW(ref::store_element(DType::q8_0, bytes, 0, 1.0), DTypeError);
}

TEST(Elements, StridesAndLayouts) {
  Workspace w;
  const Doubles values = integers(6 * 5, 1, 100);
  const View strided = w.make(DType::bf16, {2, 3, 5}, values, {.row_gap = 3, .misaligned = 1});
  EXPECT_EQ(ref::load_all(strided), values);
  EXPECT_EQ(ref::load_row(strided, 4), Doubles(values.begin() + 20, values.begin() + 25));
  const Doubles weights = integers(18 * 5, 2, 100);
  const View packed = w.make(DType::bf16, {18, 5}, weights, {.layout = Layout::packed_tiles});
  EXPECT_EQ(ref::load_all(packed), weights);
  EXPECT_EQ(ref::load_element(DType::bf16, packed.data, packed_index(DType::bf16, 5, 17, 4)), weights[17 * 5 + 4]);
  EXPECT_EQ(w.damage(), "");
}

TEST(Elements, BlocksAreDequantised) {
  // q8_0: d = 0.5, q = -2 … 29; q4_1: d = 2, m = -1, low nibbles 3, high nibbles 5.
  std::uint8_t q8[34] = {0x00, 0x38}, q4[20] = {0x00, 0x40, 0x00, 0xbc};
  for (int i = 0; i < 32; ++i) q8[2 + i] = static_cast<std::uint8_t>(static_cast<std::int8_t>(i - 2));
  for (int i = 0; i < 16; ++i) q4[4 + i] = 0x53;
  EXPECT_EQ(ref::load_element(DType::q8_0, q8, 0), -1.0);
  EXPECT_EQ(ref::load_element(DType::q8_0, q8, 31), 14.5);
  EXPECT_EQ(ref::load_element(DType::q4_1, q4, 0), 5.0);
  EXPECT_EQ(ref::load_element(DType::q4_1, q4, 16), 9.0);
}

}  // namespace
}  // namespace candor::test
