#include "nn/rotary.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "candor/error.h"

namespace candor::nn {
namespace {

// The published formulas in f64.
double plain(double base, std::int64_t dim, std::size_t i) {
  return std::pow(base, -2.0 * static_cast<double>(i) / static_cast<double>(dim));
}

void expect_relative(double actual, double expected, const char* what, std::size_t i) {
  EXPECT_NEAR(actual / expected, 1.0, 2e-6) << what << " " << i;
}

TEST(RotaryFrequencies, Plain) {
  const std::vector<float> f = rotary_frequencies(10000, 64, {});
  ASSERT_EQ(f.size(), 32u);
  EXPECT_EQ(f[0], 1.0f);
  for (std::size_t i = 0; i < f.size(); ++i)
    expect_relative(static_cast<double>(f[i]), plain(10000, 64, i), "plain", i);
}

TEST(RotaryFrequencies, Linear) {
  const std::vector<float> f = rotary_frequencies(500000, 128, {.kind = RotaryScaling::Kind::linear, .factor = 4});
  for (std::size_t i = 0; i < f.size(); ++i)
    expect_relative(static_cast<double>(f[i]), plain(500000, 128, i) / 4, "linear", i);
}

TEST(RotaryFrequencies, Llama3KeepsDividesAndRamps) {
  const RotaryScaling s{.kind = RotaryScaling::Kind::llama3,
                        .factor = 8,
                        .low_freq_factor = 1,
                        .high_freq_factor = 4,
                        .original_context = 8192};
  const std::vector<float> f = rotary_frequencies(500000, 128, s);
  int kept = 0, divided = 0, ramped = 0;
  for (std::size_t i = 0; i < f.size(); ++i) {
    const double frequency = plain(500000, 128, i), wavelength = 2 * std::numbers::pi / frequency;
    double expected = frequency;
    if (wavelength > 8192.0 / 1) {
      expected = frequency / 8, ++divided;
    } else if (wavelength < 8192.0 / 4) {
      ++kept;
    } else {
      const double ramp = (8192.0 / wavelength - 1) / (4 - 1);
      expected = (1 - ramp) * frequency / 8 + ramp * frequency, ++ramped;
    }
    expect_relative(static_cast<double>(f[i]), expected, "llama3", i);
  }
  EXPECT_GT(kept, 0);
  EXPECT_GT(divided, 0);
  EXPECT_GT(ramped, 0);
}

TEST(RotaryFrequencies, Divisors) {
  const RotaryScaling s{.kind = RotaryScaling::Kind::divisors, .divisors = {1, 2, 4, 8}};
  const std::vector<float> f = rotary_frequencies(100, 8, s);
  for (std::size_t i = 0; i < 4; ++i)
    expect_relative(static_cast<double>(f[i]), plain(100, 8, i) / static_cast<double>(1 << i), "divisors", i);
  try {
    rotary_frequencies(100, 10, s);
    ADD_FAILURE() << "no error";
  } catch (const ShapeError& error) {
    EXPECT_STREQ(error.what(), "rotary frequencies: 4 divisors for 5 pairs; give one per pair");
  }
}

TEST(RotaryTables, OfARunOfPositions) {
  const std::vector<float> f = rotary_frequencies(10000, 8, {});
  const RotaryTables tables = rotary_tables(f, 1000, 3);
  ASSERT_EQ(tables.cos.shape(), (Shape{3, 4}));
  ASSERT_EQ(tables.sin.shape(), (Shape{3, 4}));
  const std::vector<float> cos = tables.cos.to_f32(), sin = tables.sin.to_f32();
  for (std::size_t t = 0; t < 3; ++t)
    for (std::size_t i = 0; i < 4; ++i) {
      const double angle = static_cast<double>(static_cast<float>(1000 + t) * f[i]);  // rounded to f32, as in training
      EXPECT_EQ(cos[t * 4 + i], static_cast<float>(std::cos(angle)));
      EXPECT_EQ(sin[t * 4 + i], static_cast<float>(std::sin(angle)));
    }
  EXPECT_EQ(rotary_tables(f, 0, 1).cos.to_f32(), std::vector<float>(4, 1.0f));
  EXPECT_EQ(rotary_tables(f, 1001, 1).sin.to_f32(), std::vector<float>(sin.begin() + 4, sin.begin() + 8));
}

TEST(RotaryTables, ShapeOnly) {
  const RotaryTables tables = rotary_tables_shape_only(4, 7);
  EXPECT_TRUE(tables.cos.is_shape_only());
  EXPECT_EQ(tables.sin.shape(), (Shape{7, 4}));
}

}  // namespace
}  // namespace candor::nn
