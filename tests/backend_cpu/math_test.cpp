// simd/math-inl.h against double: largest error in ulp over a sample of all f32 bit patterns, the same bits on every
// ISA, and special values.
#include "tests/backend_cpu/math_entry.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <vector>

#include "core/formats.h"
#include "tests/backend_cpu/test_stream.h"
#include "tests/support/tolerance.h"

namespace candor {
namespace {

using Function = void (*)(MathFunction, const float*, float*, std::int64_t, bool);

constexpr float kInfinity = std::numeric_limits<float>::infinity();

double exact(MathFunction function, double x) {
  switch (function) {
    case MathFunction::exp:
    case MathFunction::exp_nonpositive:
      return std::exp(x);
    case MathFunction::sigmoid:
      return 1 / (1 + std::exp(-x));
    case MathFunction::tanh:
      return std::tanh(x);
    case MathFunction::erf:
      return std::erf(x);
    case MathFunction::silu:
      return x / (1 + std::exp(-x));
    case MathFunction::gelu_tanh:
      return x / (1 + std::exp(-2 * std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case MathFunction::gelu_erf:
      return 0.5 * x * std::erfc(-x / std::sqrt(2.0));
    case MathFunction::relu:
      return x > 0 ? x : 0;
  }
  return 0;
}

/// Distance in units of the last place of `expected` in f32; the smallest unit is that of the subnormals.
double ulp_error(float actual, double expected) {
  if (std::isnan(expected)) return std::isnan(actual) ? 0 : kInfinity;
  if (std::fabs(expected) > std::numeric_limits<float>::max()) {
    return std::fabs(actual) >= std::numeric_limits<float>::max() ? 0 : kInfinity;
  }
  const int exponent = std::max(std::ilogb(expected == 0 ? 1e-300 : expected), -126);
  return std::fabs(actual - expected) / std::ldexp(1.0, exponent - 23);
}

std::vector<float> sample(std::uint32_t step, std::uint32_t first) {
  std::vector<float> x;
  for (std::uint64_t bits = first; bits < (std::uint64_t{1} << 32); bits += step) {
    x.push_back(f32_from_bits(static_cast<std::uint32_t>(bits)));
  }
  x.resize((x.size() + 15) / 16 * 16, -1.0f);
  return x;
}

struct Limit {
  MathFunction function;
  const char* name;
  double ulp;
};

// The bounds that simd/math-inl.h states, and on which those of the row tests stand.
constexpr Limit kLimits[] = {
    {MathFunction::exp_nonpositive, "exp_nonpositive", 0.9},
    {MathFunction::exp, "exp", test::kExpUlps},
    {MathFunction::sigmoid, "sigmoid", test::kSigmoidUlps},
    {MathFunction::tanh, "tanh", test::kTanhUlps},
    {MathFunction::erf, "erf", test::kErfUlps},
    {MathFunction::silu, "silu", test::kSiluUlps},
    {MathFunction::gelu_tanh, "gelu_tanh", test::kGeluTanhUlps},
    {MathFunction::gelu_erf, "gelu_erf", test::kGeluErfUlps},
};

TEST(Math, ErrorIsWithinTheStatedUlps) {
  const char* step = std::getenv("CANDOR_TEST_MATH_STEP");  // 1: every f32
  const std::vector<float> x = sample(step ? static_cast<std::uint32_t>(std::atol(step)) : 2039, 0);
  std::vector<float> y(x.size());
  const Function run = test::machine_has(Isa::avx2) ? cpu::avx2::math_function : cpu::baseline::math_function;
  for (const Limit& limit : kLimits) {
    run(limit.function, x.data(), y.data(), static_cast<std::int64_t>(x.size()), false);
    double largest = 0;
    float at = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (std::isinf(x[i])) continue;
      if (limit.function == MathFunction::exp_nonpositive && !(x[i] <= 0 && x[i] >= -87)) continue;
      const double error = ulp_error(y[i], exact(limit.function, x[i]));
      if (error > largest) largest = error, at = x[i];
    }
    RecordProperty(limit.name, std::to_string(largest));
    EXPECT_LE(largest, limit.ulp) << limit.name << " at " << at;
  }
}

TEST(Math, EveryIsaGivesTheSameBits) {
  for (int f = 0; f <= static_cast<int>(MathFunction::relu); ++f) {
    const bool half = MathFunction{f} == MathFunction::exp_nonpositive;
    std::vector<float> x = sample(65521, half ? 0x80000007u : 7);
    std::vector<float> expected(x.size()), actual(x.size());
    const auto count = static_cast<std::int64_t>(x.size());
    for (const bool flush : {false, true}) {
      cpu::baseline::math_function(MathFunction{f}, x.data(), expected.data(), count, flush);
      const auto check = [&](Isa isa, Function run) {
        if (!test::machine_has(isa)) return;
        run(MathFunction{f}, x.data(), actual.data(), count, flush);
        for (std::size_t i = 0; i < x.size(); ++i) {
          ASSERT_EQ(f32_bits(actual[i]), f32_bits(expected[i]))
              << static_cast<int>(isa) << " function " << f << " x " << x[i];
        }
      };
      check(Isa::avx2, cpu::avx2::math_function);
      check(Isa::avx512, cpu::avx512::math_function);
    }
  }
}

float one(MathFunction function, float x) {
  std::vector<float> in(16, x), out(16);
  cpu::baseline::math_function(function, in.data(), out.data(), 16, false);
  return out[0];
}

TEST(Math, SpecialValues) {
  EXPECT_EQ(one(MathFunction::exp, -kInfinity), 0.0f);
  EXPECT_EQ(one(MathFunction::exp, kInfinity), kInfinity);
  EXPECT_EQ(one(MathFunction::exp, 88.8f), kInfinity);
  EXPECT_EQ(one(MathFunction::exp, 0.0f), 1.0f);
  EXPECT_GT(one(MathFunction::exp, -100.0f), 0.0f);  // a subnormal
  EXPECT_EQ(one(MathFunction::exp_nonpositive, -kInfinity), 0.0f);
  EXPECT_EQ(one(MathFunction::exp_nonpositive, 0.0f), 1.0f);
  EXPECT_EQ(one(MathFunction::tanh, kInfinity), 1.0f);
  EXPECT_EQ(one(MathFunction::tanh, -kInfinity), -1.0f);
  EXPECT_EQ(one(MathFunction::erf, -kInfinity), -1.0f);
  EXPECT_EQ(one(MathFunction::sigmoid, -kInfinity), 0.0f);
  EXPECT_EQ(one(MathFunction::sigmoid, kInfinity), 1.0f);
  for (const MathFunction f : {MathFunction::silu, MathFunction::gelu_tanh, MathFunction::gelu_erf}) {
    EXPECT_EQ(one(f, kInfinity), kInfinity);
    EXPECT_EQ(one(f, 3e38f), 3e38f);
    EXPECT_EQ(one(f, -3e38f), 0.0f);
    EXPECT_TRUE(std::isnan(one(f, -kInfinity)));  // the formula's -inf · 0
    EXPECT_TRUE(std::signbit(one(f, -0.0f)));
  }
  for (int f = 0; f <= static_cast<int>(MathFunction::relu); ++f) {
    const float nan = f32_from_bits(0xff812345u);
    EXPECT_EQ(f32_bits(one(MathFunction{f}, nan)), 0xffc12345u) << f;
  }
}

}  // namespace
}  // namespace candor
