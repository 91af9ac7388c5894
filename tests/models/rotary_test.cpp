// Frequencies and tables against values worked out by hand or by transformers' formulas in f64.
#include <gtest/gtest.h>

#include <cmath>

#include "candor/error.h"
#include "nn/rotary.h"

namespace candor::nn {
namespace {

TEST(RotaryTest, FrequenciesFallGeometrically) {
  const std::vector<float> f = rotary_frequencies(10000, 8, {});
  ASSERT_EQ(f.size(), 4u);
  EXPECT_EQ(f[0], 1.0f);
  EXPECT_EQ(f[1], 0.1f);
  EXPECT_EQ(f[2], 0.01f);
  EXPECT_EQ(f[3], 0.001f);
}

TEST(RotaryTest, LinearDividesAll) {
  const std::vector<float> f =
      rotary_frequencies(10000, 8, {.kind = RotaryScaling::Kind::linear, .factor = 4, .divisors = {}});
  EXPECT_EQ(f[0], 0.25f);
  EXPECT_EQ(f[3], 0.001f / 4);
}

TEST(RotaryTest, Llama3KeepsHighDividesLowAndRampsBetween) {
  const RotaryScaling scaling{.kind = RotaryScaling::Kind::llama3,
                              .factor = 8,
                              .low_freq_factor = 1,
                              .high_freq_factor = 4,
                              .original_context = 100,
                              .divisors = {}};
  const std::vector<float> f = rotary_frequencies(10000, 8, scaling);
  EXPECT_EQ(f[0], 1.0f);       // wavelength 6.3 < 100 / 4
  EXPECT_EQ(f[2], 0.01f / 8);  // 628 > 100
  EXPECT_EQ(f[3], 0.001f / 8);
  const double wavelength = 2 * M_PI / 0.1, ramp = (100 / wavelength - 1) / 3;  // 62.8: between
  EXPECT_NEAR(f[1], (1 - ramp) * 0.1 / 8 + ramp * 0.1, 1e-8);
}

TEST(RotaryTest, DivisorsMustMatchThePairs) {
  EXPECT_THROW(rotary_frequencies(10000, 8, {.kind = RotaryScaling::Kind::divisors, .divisors = {1, 2}}), ShapeError);
  const std::vector<float> f =
      rotary_frequencies(10000, 4, {.kind = RotaryScaling::Kind::divisors, .divisors = {1, 2}});
  EXPECT_EQ(f[1], 0.005f);
}

TEST(RotaryTest, TablesHoldTheAngleOfEachPosition) {
  const std::vector<float> f = {1.0f, 0.1f};
  const RotaryTables tables = rotary_tables(f, 100, 3);
  ASSERT_EQ(tables.cos.shape(), (Shape{3, 2}));
  for (int t = 0; t < 3; ++t)
    for (int i = 0; i < 2; ++i) {
      const float angle = static_cast<float>(100 + t) * f[static_cast<std::size_t>(i)];
      EXPECT_EQ(tables.cos.data_as<float>()[t * 2 + i], static_cast<float>(std::cos(static_cast<double>(angle))));
      EXPECT_EQ(tables.sin.data_as<float>()[t * 2 + i], static_cast<float>(std::sin(static_cast<double>(angle))));
    }
}

}  // namespace
}  // namespace candor::nn
