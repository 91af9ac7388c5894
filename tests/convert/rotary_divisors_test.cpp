#include "convert/rotary_divisors.h"

#include <gtest/gtest.h>

#include <vector>

namespace candor::convert_internal {
namespace {

std::vector<float> table(const Llama3Scaling& scaling, double base, std::uint64_t head_dim) {
  std::vector<float> divisors;
  for (std::uint64_t i = 0; i < head_dim / 2; ++i)
    divisors.push_back(static_cast<float>(llama3_divisor(scaling, base, head_dim, i)));
  return divisors;
}

TEST(RotaryDivisors, PublishedParametersAreFound) {
  for (const double factor : {8.0, 32.0}) {
    for (const std::uint64_t head_dim : {64u, 128u}) {
      const Llama3Scaling scaling{factor, 1, 4, 8192};
      const auto found = fit_llama3_scaling(table(scaling, 500000, head_dim), 500000, head_dim, 0);
      ASSERT_TRUE(found);
      EXPECT_EQ(found->factor, factor);
      EXPECT_EQ(found->low_freq_factor, 1);
      EXPECT_EQ(found->high_freq_factor, 4);
      EXPECT_EQ(found->original_context, 8192u);
    }
  }
}

TEST(RotaryDivisors, OtherParametersAreFitted) {
  const Llama3Scaling scaling{16, 1, 32, 4096};
  const auto found = fit_llama3_scaling(table(scaling, 10000, 128), 10000, 128, 0);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->high_freq_factor, 32);
  EXPECT_EQ(found->original_context, 4096u);
}

// Only the ratio of the three numbers matters; a context that is known fixes them.
TEST(RotaryDivisors, AKnownContextFixesTheScale) {
  const Llama3Scaling scaling{8, 2, 8, 8192};
  const auto found = fit_llama3_scaling(table(scaling, 500000, 128), 500000, 128, 8192);
  ASSERT_TRUE(found);
  EXPECT_DOUBLE_EQ(found->low_freq_factor, 2);
  EXPECT_DOUBLE_EQ(found->high_freq_factor, 8);
  EXPECT_EQ(found->original_context, 8192u);
}

TEST(RotaryDivisors, OnesAreNoScaling) {
  const auto found = fit_llama3_scaling(std::vector<float>(32, 1.0f), 10000, 64, 0);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->factor, 1);
}

TEST(RotaryDivisors, OtherRulesAreRefused) {
  std::vector<float> divisors = table({8, 1, 4, 8192}, 500000, 128);
  divisors[40] *= 1.001f;
  EXPECT_FALSE(fit_llama3_scaling(divisors, 500000, 128, 0));
  EXPECT_FALSE(fit_llama3_scaling(std::vector<float>(31, 1.0f), 10000, 64, 0));
  EXPECT_FALSE(fit_llama3_scaling({}, 10000, 0, 0));
}

}  // namespace
}  // namespace candor::convert_internal
