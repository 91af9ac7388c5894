// Mixtures in f32 beside full-length values that do not fill their codes evenly, and what only looks like one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/formats.h"
#include "tests/audit/ask.h"
#include "tests/audit/recipes.h"
#include "tests/audit/tables.h"

namespace candor::audit_internal {
namespace {

using ::testing::HasSubstr;

Fingerprint of_values(const std::vector<float>& values) {
  return fingerprint_of(values, {static_cast<std::int64_t>(values.size())});
}

/// Full-length values that do not fill their codes evenly: multiplied by a constant, and on a uniform generator's grid.
std::vector<std::vector<float>> uneven_values(std::size_t n) {
  std::vector<float> scaled = draw(Law::normal, 1, n, 9), stepped(n);
  for (float& value : scaled) value *= 0.02f;
  for (std::size_t i = 0; i < n; ++i)
    stepped[i] = (std::floor(static_cast<float>(random_unit(90, i) * 0x1p24)) * 0x1p-23f - 1) * 0.03125f;
  return {scaled, stepped};
}

TEST(MixedSignificands, AMixtureIsFoundBesideValuesThatAreUneven) {
  for (std::vector<float> values : uneven_values(200000)) {
    EXPECT_FALSE(ask_first_four(of_values(values)).proposal);
    for (std::size_t i = 0; i < 60000; ++i) values[i] = bf16_bits_to_f32(f32_to_bf16_bits(values[i]));
    const Asked asked = ask_first_four(of_values(values));
    ASSERT_EQ(asked.sub(), "bf16-in-f32") << said(asked);
    EXPECT_EQ(asked.verdict(), AuditVerdict::mixed);
    EXPECT_LE(asked.share().low, 0.3);
    EXPECT_GE(asked.share().high, 0.3);
    EXPECT_THAT(asked.proposal->sentence, HasSubstr("chance gives at most"));
  }
}

/// Short factors leave short significands in every length or skip some: no part of these was ever bf16 beside the rest.
TEST(MixedSignificands, WhatIsComputedFromShortFactorsIsNoMixture) {
  const std::size_t n = 200000;
  const std::vector<float> a = draw(Law::normal, 0.02, n, 3), b = draw(Law::normal, 0.02, n, 4);
  std::vector<std::vector<float>> computed(5, std::vector<float>(n));
  float running = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const float x = bf16_bits_to_f32(f32_to_bf16_bits(a[i])), y = bf16_bits_to_f32(f32_to_bf16_bits(b[i]));
    running = i % 1024 == 0 ? x : running + x;
    computed[0][i] = x + y;
    computed[1][i] = x * y;
    computed[2][i] = x * 0.7f;
    computed[3][i] = 0.9f * x + 0.1f * y;
    computed[4][i] = running;
  }
  for (const std::vector<float>& values : computed) {
    const Asked asked = ask_first_four(of_values(values));
    EXPECT_FALSE(asked.proposal) << said(asked);
  }
}

}  // namespace
}  // namespace candor::audit_internal
