// Figures of docs/audit-theory.md that no other test holds, each computed from what it is said of.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "audit/code_value.h"
#include "audit/judge/code_table.h"
#include "audit/judge/decide.h"
#include "tests/audit/recipes.h"

namespace candor::audit_internal {
namespace {

bool is_finite_code(std::uint32_t code) { return (code & 0x7fffu) < 0x7f80u; }

TEST(Theory, CodesThatF16ChangesAndCodesThatItCannotReach) {
  std::set<std::uint32_t> reached;
  for (std::uint32_t code = 0; code < 0x10000u; ++code) {
    const std::uint16_t bf16 = f32_to_bf16_bits(f16_bits_to_f32(static_cast<std::uint16_t>(code)));
    if (is_finite_code(bf16)) reached.insert(bf16);
  }
  std::uint32_t changed = 0, unreachable = 0;
  for (std::uint32_t code = 0; code < 0x10000u; ++code) {
    if (!is_finite_code(code)) continue;
    const float value = bf16_bits_to_f32(static_cast<std::uint16_t>(code));
    changed += f32_to_bf16_bits(f16_bits_to_f32(f32_to_f16_bits(value))) != code;
    unreachable += !reached.contains(code);
  }
  EXPECT_EQ(changed, 56'576u);
  EXPECT_EQ(unreachable, 56'574u);
  EXPECT_TRUE(reached.contains(0x4780u) && reached.contains(0xc780u));  // ±65536, from f16's largest
  EXPECT_TRUE(std::isinf(f16_bits_to_f32(f32_to_f16_bits(65536))));
}

TEST(Theory, DifferencesOfF32NumbersLieOnTheLatticeToo) {
  constexpr std::size_t kDraws = 1 << 20;
  double squares = 0;
  std::uint64_t small = 0;
  for (std::size_t i = 0; i < kDraws; ++i) {
    const auto number = [&](std::uint64_t seed) {  // uniform in [0.5, 1)
      return f32_from_bits(0x3f000000u | static_cast<std::uint32_t>(random_bits(seed, i) >> 41));
    };
    const double difference = std::fabs(f32_to_f64(number(1) - number(2)));
    squares += difference * difference;
    small += difference != 0 && difference < kGridEnd ? 1 : 0;
    ASSERT_FALSE(is_off_f16_lattice(difference));
    const float rounded = bf16_bits_to_f32(f32_to_bf16_bits(static_cast<float>(difference)));
    ASSERT_FALSE(is_off_f16_lattice(f32_to_f64(rounded)));
  }
  const double spread = std::sqrt(squares / static_cast<double>(kDraws));
  EXPECT_NEAR(spread, 0.5 / std::sqrt(6.0), 5e-4);
  EXPECT_NEAR(spread, 0.204, 5e-4);
  EXPECT_LT(kWidestForGrid, spread);
  EXPECT_GT(small, 10u);
}

double normal_below(double z) { return std::erfc(-z / std::sqrt(2.0)) / 2; }

/// Even codes minus odd ones, of values that are normal with a spread of so many units of the last place.
double parity_bias(double spread, double centre) {
  double bias = 0;
  for (int m = -60; m <= 60; ++m) {
    const double share = normal_below((m + 0.5 - centre) / spread) - normal_below((m - 0.5 - centre) / spread);
    bias += m % 2 == 0 ? share : -share;
  }
  return bias;
}

TEST(Theory, ParityIsUnbiasedFromOneAndAHalfUnitsOn) {
  double largest = 0;
  for (double centre = 0; centre < 2; centre += 0.01) largest = std::max(largest, std::fabs(parity_bias(1.5, centre)));
  EXPECT_LT(largest, 2e-5);
  EXPECT_GT(largest, 1.8e-5);
  EXPECT_GT(std::fabs(parity_bias(1.2, 0)), 1e-4);  // what it is needed for
}

/// Of genuine values with this density of magnitudes, the share whose code is a power of two.
template <class Density>
double powers_of_two(Density&& density) {
  double powers = 0, all = 0;
  for (std::uint32_t code = 1; code < first_code(12); ++code) {
    const double mass = widths(History::genuine)[code] * density(code_value(DType::bf16, code));
    all += mass;
    powers += code % 128 == 0 ? mass : 0;
  }
  return powers / all;
}

TEST(Theory, PowersOfTwoAreNoOneIn128th) {
  double least = 1, most = 0;  // of level densities, by where they end
  for (double spread = 1; spread < 2; spread *= 1.01) {
    const double normal = powers_of_two([&](double x) { return std::exp(-x * x / (2 * spread * spread)); });
    EXPECT_GT(normal, 0.0084);
    EXPECT_LT(normal, 0.0085);
    EXPECT_NEAR(powers_of_two([&](double x) { return std::exp(-x / spread); }), 0.00845, 5e-5);
    const double level = powers_of_two([&](double x) { return x <= spread ? 1.0 : 0.0; });
    least = std::min(least, level);
    most = std::max(most, level);
  }
  EXPECT_NEAR(least, 0.0059, 1e-4);
  EXPECT_NEAR(most, 0.0117, 1e-4);
}

TEST(Theory, ATenthOfALargeMatrixIsAtTheThreshold) {
  constexpr std::size_t kCount = 2048 * 2048, kDraws = 4;
  double sum = 0;
  for (std::uint64_t seed = 0; seed < kDraws; ++seed) {
    const std::vector<float> values = draw(Law::normal, 0.02, kCount, 600 + seed);
    std::vector<std::uint16_t> codes(kCount);
    for (std::size_t i = 0; i < kCount; ++i) codes[i] = to_bf16(values[i], i % 10 == 0 ? Route::via_f16 : Route::rne);
    const Decision decision = decide(*measure(fingerprint_of(codes, {2048, 2048})), 40);
    sum += decision.mixture ? decision.mixture->bits : 0;
  }
  EXPECT_NEAR(sum / kDraws, 37, 10);
}

}  // namespace
}  // namespace candor::audit_internal
