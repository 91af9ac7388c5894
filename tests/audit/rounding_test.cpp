// The table of formats and every way of rounding to one, against core/formats.h: all codes of 8 and 16 bits, and what
// lies between, just before and just behind them.
#include "audit/rounding.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "audit/code_value.h"

namespace candor::audit_internal {
namespace {

constexpr DType kNarrow[] = {DType::bf16, DType::f16, DType::f8_e4m3, DType::f8_e5m2};
constexpr float kInfinity = std::numeric_limits<float>::infinity();

float core_value(DType dtype, std::uint32_t code) {
  switch (dtype) {
    case DType::bf16:
      return bf16_bits_to_f32(static_cast<std::uint16_t>(code));
    case DType::f16:
      return f16_bits_to_f32(static_cast<std::uint16_t>(code));
    case DType::f8_e4m3:
      return f8_e4m3_bits_to_f32(static_cast<std::uint8_t>(code));
    default:
      return f8_e5m2_bits_to_f32(static_cast<std::uint8_t>(code));
  }
}

/// To nearest even, as the library converts.
float core_rounded(DType dtype, float x) {
  switch (dtype) {
    case DType::bf16:
      return bf16_bits_to_f32(f32_to_bf16_bits(x));
    case DType::f16:
      return f16_bits_to_f32(f32_to_f16_bits(x));
    case DType::f8_e4m3:
      return f8_e4m3_bits_to_f32(f32_to_f8_e4m3_bits(x));
    default:
      return f8_e5m2_bits_to_f32(f32_to_f8_e5m2_bits(x));
  }
}

/// All finite magnitudes; element c has code c.
std::vector<float> finite_magnitudes(DType dtype) {
  std::vector<float> values;
  const std::uint32_t codes = dtype_info(dtype).block_bytes == 1 ? 0x80u : 0x8000u;
  for (std::uint32_t code = 0; code < codes; ++code)
    if (const float value = core_value(dtype, code); std::isfinite(value)) values.push_back(value);
  return values;
}

/// By the words of f32 and of f64, which must agree.
float round_to(float x, const Rounding& rounding) {
  const float by_f32 = f32_from_bits(Rounder<std::uint32_t>(rounding)(f32_bits(x)));
  const double by_f64 = f64_from_bits(Rounder<std::uint64_t>(rounding)(f64_bits(f32_to_f64(x))));
  EXPECT_EQ(f64_bits(f32_to_f64(by_f32)), f64_bits(by_f64)) << x;
  return by_f32;
}

/// `down` and `up` are neighbours of the format, `x` is one of them or between.
void expect_roundings(DType dtype, float x, float down, float up, bool down_is_even) {
  const NumberFormat format = *number_format(dtype);
  const double middle = (f32_to_f64(down) + f32_to_f64(up)) / 2;
  const float away = x == down ? down : up, half_away = x < middle ? down : up;
  const float nearest = x == middle ? (down_is_even ? down : up) : half_away;
  ASSERT_EQ(core_rounded(dtype, x), nearest) << dtype_name(dtype) << " " << x;
  for (const float sign : {1.0f, -1.0f}) {
    const auto rounded = [&](RoundingMode mode) { return f32_bits(round_to(sign * x, {.to = format, .mode = mode})); };
    ASSERT_EQ(rounded(RoundingMode::nearest_even), f32_bits(sign * nearest)) << dtype_name(dtype) << " " << x;
    ASSERT_EQ(rounded(RoundingMode::half_away), f32_bits(sign * half_away)) << dtype_name(dtype) << " " << x;
    ASSERT_EQ(rounded(RoundingMode::toward_zero), f32_bits(sign * down)) << dtype_name(dtype) << " " << x;
    ASSERT_EQ(rounded(RoundingMode::away_from_zero), f32_bits(sign * away)) << dtype_name(dtype) << " " << x;
  }
}

TEST(Rounding, EveryCodeItsNeighboursAndWhatIsBetweenThem) {
  for (const DType dtype : kNarrow) {
    const std::vector<float> values = finite_magnitudes(dtype);
    for (std::size_t code = 0; code + 1 < values.size(); ++code) {
      const float down = values[code], up = values[code + 1], middle = down + (up - down) / 2;
      const float candidates[] = {down,   std::nextafter(down, kInfinity),   std::nextafter(middle, 0.0f),
                                  middle, std::nextafter(middle, kInfinity), std::nextafter(up, 0.0f)};
      for (const float x : candidates) expect_roundings(dtype, x, down, up, code % 2 == 0);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

/// The smallest f32 magnitudes, which vanish in, or become the smallest value of, formats with fewer exponents.
TEST(Rounding, WhatLiesFarBelowAFormat) {
  for (const float x : {0.0f, 0x1p-149f, 0x1p-140f, 0x1.8p-127f, 0x1p-126f, 0x1p-60f, 0x1p-26f})
    for (const DType dtype : {DType::f16, DType::f8_e4m3, DType::f8_e5m2}) {
      const float smallest = x == 0 ? 0 : core_value(dtype, 1);
      if (x != 0) expect_roundings(dtype, x, 0, smallest, true);
      EXPECT_EQ(round_to(x, {.to = *number_format(dtype), .mode = RoundingMode::away_from_zero}), smallest);
    }
}

TEST(Rounding, TheTableIsThatOfTheCodes) {
  for (const DType dtype : kNarrow) {
    const NumberFormat format = *number_format(dtype);
    const std::vector<float> values = finite_magnitudes(dtype);
    EXPECT_EQ(values.back(), format.largest) << dtype_name(dtype);
    EXPECT_EQ(values[1], std::ldexp(1.0, format.lowest_bit())) << dtype_name(dtype);
    EXPECT_EQ(values[std::size_t{1} << format.mantissa], std::ldexp(1.0, format.lowest)) << dtype_name(dtype);
    EXPECT_EQ(values[std::size_t{1} << format.mantissa], smallest_normal(dtype)) << dtype_name(dtype);
    EXPECT_EQ(std::isinf(core_value(dtype, static_cast<std::uint32_t>(values.size()))), format.infinity);
  }
  EXPECT_EQ(kF32Format.largest, std::numeric_limits<float>::max());
  EXPECT_EQ(smallest_normal(DType::f32), std::numeric_limits<float>::min());
  EXPECT_EQ(kF64Format.largest, std::numeric_limits<double>::max());
  EXPECT_EQ(smallest_normal(DType::f64), std::numeric_limits<double>::min());
  EXPECT_EQ(smallest_normal(DType::i32), 0);
  EXPECT_EQ(smallest_normal(DType::q8_0), 0);
  for (const NumberFormat& format : {kF32Format, kF64Format, kTf32Format, kSevenBitFormat}) {
    const int highest = std::ilogb(format.largest);
    EXPECT_EQ(format.largest, std::ldexp(2 - std::ldexp(1.0, -format.mantissa), highest));
    EXPECT_EQ(highest, 1 - format.lowest);
  }
}

TEST(Rounding, EveryCodeHasTheValueOfTheLibrary) {
  for (const DType dtype : kNarrow)
    for (std::uint32_t code = 0; code < (dtype_info(dtype).block_bytes == 1 ? 0x100u : 0x10000u); ++code) {
      const double value = f32_to_f64(core_value(dtype, code));
      ASSERT_EQ(f64_bits(code_value(dtype, code)), f64_bits(value)) << dtype_name(dtype) << " " << code;
    }
}

TEST(Rounding, WhatIsTooLargeFollowsTheRule) {
  struct Case {
    NumberFormat to;
    Overflow overflow;
    float too_large, infinite;  // NaN: as NaN
  };
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Case cases[] = {
      {kF16Format, Overflow::by_rule, kInfinity, kInfinity}, {kF16Format, Overflow::saturate, 65504, kInfinity},
      {kF16Format, Overflow::clamp, 65504, 65504},           {kE5m2Format, Overflow::saturate, 57344, kInfinity},
      {kE5m2Format, Overflow::clamp, 57344, 57344},          {kE4m3Format, Overflow::by_rule, nan, nan},
      {kE4m3Format, Overflow::saturate, 448, nan},           {kE4m3Format, Overflow::clamp, 448, 448},
      {kF32BelowF16Limit, Overflow::clamp, 65504, 65504}};
  const auto same = [](float found, float expected) {
    return std::isnan(expected) ? std::isnan(found) : found == expected;
  };
  for (const Case& c : cases) {
    EXPECT_TRUE(same(round_to(-1e30f, {.to = c.to, .overflow = c.overflow}), -c.too_large));
    EXPECT_TRUE(same(round_to(-kInfinity, {.to = c.to, .overflow = c.overflow}), -c.infinite));
    const Rounding cut{.to = c.to, .mode = RoundingMode::toward_zero, .overflow = c.overflow};
    EXPECT_EQ(round_to(1e30f, cut), c.to.largest);  // what is cut off never gets larger
    EXPECT_TRUE(same(round_to(kInfinity, cut), c.infinite));
  }
  EXPECT_EQ(round_to(65504.004f, {.to = kF32BelowF16Limit, .overflow = Overflow::clamp}), 65504);
  EXPECT_EQ(round_to(65503.996f, {.to = kF32BelowF16Limit, .overflow = Overflow::clamp}), 65503.996f);
}

TEST(Rounding, SubnormalsAreFlushedBeforeOrAfter) {
  const float below = std::nextafter(0x1p-14f, 0.0f);  // rounds up to f16's smallest normal number
  EXPECT_EQ(round_to(below, {.to = kF16Format}), 0x1p-14f);
  EXPECT_EQ(round_to(below, {.to = kF16Format, .flush = Flush::results}), 0x1p-14f);
  EXPECT_EQ(round_to(below, {.to = kF16Format, .flush = Flush::inputs}), 0);
  EXPECT_EQ(round_to(0x1p-15f, {.to = kF16Format, .flush = Flush::results}), 0);
  EXPECT_EQ(f32_bits(round_to(-0x1p-15f, {.to = kF16Format, .flush = Flush::inputs})), 0x80000000u);
  EXPECT_EQ(f32_bits(round_to(-0x1p-15f, {.to = kF16Format, .flush = Flush::inputs, .plus_zero = true})), 0u);
}

}  // namespace
}  // namespace candor::audit_internal
