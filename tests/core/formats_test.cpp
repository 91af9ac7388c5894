// Scalar conversions: known answers, every code, and inputs around every midpoint against an independent definition.
#include "core/formats.h"

#include <gtest/gtest.h>

#include <cfloat>
#include <cmath>

#include "tests/core/rounding_reference.h"
#include "tests/support/fill.h"

namespace candor {
namespace {

using test::SmallFormat;

std::uint16_t bf16_of(std::uint32_t bits) { return f32_to_bf16_bits(f32_from_bits(bits)); }

TEST(Bf16, KnownAnswers) {
  const struct {
    std::uint32_t f32;
    std::uint16_t bf16;
  } kCases[] = {{0x3f808000u, 0x3f80}, {0x3f818000u, 0x3f82}, {0x3f808001u, 0x3f81}, {0x3dcccccdu, 0x3dcd},
                {0x3eaaaaabu, 0x3eab}, {0x40490fdbu, 0x4049}, {0x477fe000u, 0x4780}, {0x7f7fffffu, 0x7f80},
                {0x7f7f7fffu, 0x7f7f}, {0x7f7f8000u, 0x7f80}, {0x7fffffffu, 0x7fff}, {0x7f800001u, 0x7fc0},
                {0xff800001u, 0xffc0}, {0x80000000u, 0x8000}, {0x7f800000u, 0x7f80}, {0xff800000u, 0xff80},
                {0x00000001u, 0x0000}, {0x00008000u, 0x0000}, {0x00008001u, 0x0001}, {0x00018000u, 0x0002},
                {0x007fffffu, 0x0080}, {0x00800000u, 0x0080}};
  for (const auto& c : kCases) EXPECT_EQ(bf16_of(c.f32), c.bf16) << std::hex << c.f32;
  const struct {
    float value;
    std::uint16_t bf16;
    float back;
  } kValues[] = {
      {0.1f, 0x3dcd, 0.10009765625f}, {0.9f, 0x3f66, 0.8984375f}, {0.95f, 0x3f73, 0.94921875f},
      {0.99f, 0x3f7d, 0.98828125f},   {0.999f, 0x3f80, 1.0f},     {257.0f, 0x4380, 256.0f},
      {258.0f, 0x4381, 258.0f},       {259.0f, 0x4382, 260.0f},   {1.0f + 0x1p-8f + 0x1p-23f, 0x3f81, 1.0078125f},
      {65504.0f, 0x4780, 65536.0f}};
  for (const auto& c : kValues) {
    EXPECT_EQ(f32_to_bf16_bits(c.value), c.bf16) << c.value;
    EXPECT_EQ(bf16_bits_to_f32(c.bf16), c.back) << c.value;
  }
}

// What a bf16 accumulator must do; too exact is as wrong as too coarse.
TEST(Bf16, SumsStallWhereTheyMust) {
  const auto add = [](std::uint16_t x, std::uint16_t y) {
    return f32_to_bf16_bits(bf16_bits_to_f32(x) + bf16_bits_to_f32(y));
  };
  const std::uint16_t one = f32_to_bf16_bits(1.0f), tenth = f32_to_bf16_bits(0.1f);
  EXPECT_EQ(bf16_bits_to_f32(add(f32_to_bf16_bits(256.0f), one)), 256.0f);
  std::uint16_t ones = 0, tenths = 0;
  float wide = 0;
  for (int i = 0; i < 1024; ++i) {
    ones = add(ones, one);
    tenths = add(tenths, tenth);
    wide += bf16_bits_to_f32(one);
  }
  EXPECT_EQ(bf16_bits_to_f32(ones), 256.0f);
  EXPECT_EQ(bf16_bits_to_f32(tenths), 32.0f);
  EXPECT_EQ(wide, 1024.0f);
}

// Every code of a format: its value, and back to itself.
template <class Decode, class Encode>
void check_codes(const SmallFormat& format, Decode decode, Encode encode) {
  for (std::uint32_t code = 0; code < 2 * format.sign_bit(); ++code) {
    const float value = decode(code);
    const std::uint32_t magnitude = code & (format.sign_bit() - 1);
    ASSERT_EQ(std::signbit(value), (code & format.sign_bit()) != 0) << code;
    if (format.is_nan(code)) {
      ASSERT_TRUE(std::isnan(value)) << code;
      const std::uint32_t again = encode(value);
      ASSERT_TRUE(format.is_nan(again)) << code;
      const std::uint32_t quiet = format.has_infinity ? 1u << (format.mantissa_bits - 1) : 0u;
      ASSERT_EQ(again, code | quiet);  // sign and payload kept
    } else {
      const double expected = magnitude == format.end_of_finite() ? INFINITY : format.value(magnitude);
      ASSERT_EQ(std::fabs(static_cast<double>(value)), expected) << code;
      ASSERT_EQ(encode(value), code);
    }
  }
}

TEST(Bf16, EveryCode) { check_codes(test::kBf16, bf16_bits_to_f32, f32_to_bf16_bits); }
TEST(F16, EveryCode) { check_codes(test::kF16, f16_bits_to_f32, f32_to_f16_bits); }
TEST(F8, EveryE4m3Code) { check_codes(test::kE4m3, f8_e4m3_bits_to_f32, f32_to_f8_e4m3_bits); }
TEST(F8, EveryE5m2Code) { check_codes(test::kE5m2, f8_e5m2_bits_to_f32, f32_to_f8_e5m2_bits); }

// A conversion between two formats gives a quiet NaN with its sign and upper payload; every code is in EveryCode.
TEST(Bf16, WideningQuietsSignallingNaN) {
  EXPECT_EQ(f32_bits(bf16_bits_to_f32(0x7f81)), 0x7fc10000u);
  EXPECT_EQ(f32_bits(bf16_bits_to_f32(0xff81)), 0xffc10000u);
  EXPECT_EQ(f32_bits(bf16_bits_to_f32(0x7fc0)), 0x7fc00000u);
  EXPECT_EQ(f32_bits(bf16_bits_to_f32(0x7f80)), 0x7f800000u);  // infinity is none
}
TEST(F16, WideningQuietsSignallingNaN) {
  EXPECT_EQ(f32_bits(f16_bits_to_f32(0x7c01)), 0x7fc02000u);
  EXPECT_EQ(f32_bits(f16_bits_to_f32(0xfc01)), 0xffc02000u);
}
TEST(F16, NarrowingKeepsTheSignOfANaN) { EXPECT_EQ(f32_to_f16_bits(f32_from_bits(0xff800001u)), 0xfe00); }

// The inputs that decide a rounding: every midpoint, and its neighbours in the source format.
template <class Encode>
void check_midpoints_f64(const SmallFormat& format, Encode encode) {
  const std::vector<double> points = test::midpoints(format);
  for (const double point : points) {
    for (const double x : {point, std::nextafter(point, 0.0), std::nextafter(point, INFINITY), point * (1 - 0x1p-40),
                           point * (1 + 0x1p-40), point * (1 + 0x1p-24)}) {
      const std::uint32_t expected = test::round_to_code(points, x);
      ASSERT_EQ(encode(x), expected) << std::hexfloat << x;
      ASSERT_EQ(encode(-x), expected | format.sign_bit()) << std::hexfloat << x;
    }
  }
}

template <class Encode>
void check_midpoints_f32(const SmallFormat& format, Encode encode) {
  const std::vector<double> points = test::midpoints(format);
  for (const double point : points) {
    const float nearest = static_cast<float>(point);
    for (const float x : {nearest, std::nextafterf(nearest, 0.0f), std::nextafterf(nearest, INFINITY)}) {
      if (std::isinf(x)) continue;
      const std::uint32_t expected = test::round_to_code(points, static_cast<double>(x));
      ASSERT_EQ(encode(x), expected) << std::hexfloat << x;
      ASSERT_EQ(encode(-x), expected | format.sign_bit()) << std::hexfloat << x;
    }
  }
}

TEST(F16, Midpoints) { check_midpoints_f32(test::kF16, f32_to_f16_bits); }
TEST(Bf16, Midpoints) { check_midpoints_f32(test::kBf16, f32_to_bf16_bits); }
TEST(F8, Midpoints) {
  check_midpoints_f32(test::kE4m3, f32_to_f8_e4m3_bits);
  check_midpoints_f32(test::kE5m2, f32_to_f8_e5m2_bits);
}

TEST(FromF64, Midpoints) {
  check_midpoints_f64(test::kBf16, f64_to_bf16_bits);
  check_midpoints_f64(test::kF16, f64_to_f16_bits);
  check_midpoints_f64(test::kE4m3, f64_to_f8_e4m3_bits);
  check_midpoints_f64(test::kE5m2, f64_to_f8_e5m2_bits);
}

TEST(FromF64, RoundsOnce) {
  const double x = 1.0 + 0x1p-8 + 0x1p-40;  // through f32 it would become a tie, and 0x3f80
  EXPECT_EQ(f64_to_bf16_bits(x), 0x3f81);
  EXPECT_EQ(f32_to_bf16_bits(static_cast<float>(x)), 0x3f80);
  EXPECT_EQ(f64_to_f16_bits(1.0 + 0x1p-11 + 0x1p-40), 0x3c01);
  EXPECT_EQ(f64_to_f8_e4m3_bits(1.0 + 0x1p-4 + 0x1p-40), 0x39);
  EXPECT_EQ(f64_to_f8_e5m2_bits(1.0 + 0x1p-3 + 0x1p-40), 0x3d);
}

TEST(FromF64, SpecialValues) {
  const double nan = f64_from_bits(0xfff0000000000001u);  // signalling, negative
  EXPECT_EQ(f64_to_bf16_bits(nan), 0xffc0);
  EXPECT_EQ(f64_to_f16_bits(nan), 0xfe00);
  EXPECT_EQ(f32_bits(f64_to_f32(nan)), 0xffc00000u);
  EXPECT_EQ(f64_to_f8_e4m3_bits(nan), 0xff);
  EXPECT_EQ(f64_to_f8_e5m2_bits(nan), 0xfe);
  EXPECT_EQ(f64_to_bf16_bits(-INFINITY), 0xff80);
  EXPECT_EQ(f64_to_f16_bits(INFINITY), 0x7c00);
  EXPECT_EQ(f64_to_f8_e4m3_bits(INFINITY), 0x7f);
  EXPECT_EQ(f64_to_f8_e5m2_bits(-INFINITY), 0xfc);
  for (const double big : {DBL_MAX, 1e39, 1e300}) {
    EXPECT_EQ(f64_to_bf16_bits(big), 0x7f80);
    EXPECT_EQ(f64_to_f16_bits(-big), 0xfc00);
    EXPECT_EQ(f64_to_f32(big), INFINITY);
    EXPECT_EQ(f64_to_f8_e4m3_bits(-big), 0xff);
  }
  for (const double tiny : {DBL_TRUE_MIN, DBL_MIN, 1e-300}) {
    EXPECT_EQ(f64_to_bf16_bits(-tiny), 0x8000);
    EXPECT_EQ(f32_bits(f64_to_f32(-tiny)), 0x80000000u);
  }
}

// The processor's own conversion, in the default rounding mode, is the reference.
TEST(FromF64, ToF32AsTheProcessorDoes) {
  test::Random random(1);
  const auto check = [](double x) {
    const volatile double input = x;
    ASSERT_EQ(f32_bits(f64_to_f32(x)), f32_bits(static_cast<float>(input))) << std::hexfloat << x;
  };
  for (int i = 0; i < 1'000'000; ++i) {
    check(f64_from_bits(random.bits()));
    const std::uint64_t near_f32 = (random.bits() & 0x800fffffffffffffu) | (random.bits() % 290 + 870) << 52;
    check(f64_from_bits(near_f32));
    check(f64_from_bits(near_f32 & ~0x0fffffffu));  // ties
  }
}

TEST(F32ToF64, AsTheProcessorDoes) {
  for (std::uint64_t bits = 0; bits < 0x100000000u; bits += 1021) {
    const volatile float input = f32_from_bits(static_cast<std::uint32_t>(bits));
    ASSERT_EQ(f64_bits(f32_to_f64(input)), f64_bits(static_cast<double>(input))) << std::hex << bits;
  }
  for (const std::uint32_t bits : {0u, 1u, 2u, 0x7fffffu, 0x800000u, 0x7f800000u, 0x7f800001u, 0x80000001u}) {
    const volatile float input = f32_from_bits(bits);
    EXPECT_EQ(f64_bits(f32_to_f64(input)), f64_bits(static_cast<double>(input))) << std::hex << bits;
  }
}

TEST(F8, E4m3DoesNotSaturate) {
  EXPECT_EQ(f32_to_f8_e4m3_bits(448.0f), 0x7e);
  EXPECT_EQ(f32_to_f8_e4m3_bits(464.0f), 0x7e);  // a tie with 480, which is no number: to even
  EXPECT_EQ(f32_to_f8_e4m3_bits(std::nextafterf(464.0f, 500.0f)), 0x7f);
  EXPECT_EQ(f32_to_f8_e4m3_bits(-INFINITY), 0xff);
  EXPECT_EQ(f32_to_f8_e5m2_bits(57344.0f), 0x7b);
  EXPECT_EQ(f32_to_f8_e5m2_bits(std::nextafterf(61440.0f, 0.0f)), 0x7b);
  EXPECT_EQ(f32_to_f8_e5m2_bits(61440.0f), 0x7c);
}

}  // namespace
}  // namespace candor
