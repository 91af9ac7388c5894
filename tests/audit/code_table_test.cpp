// The width tables against enumeration: every conversion of every code, every f32 pattern of a binade.
#include "audit/judge/code_table.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "audit/judge/channels.h"
#include "audit/judge/tails.h"
#include "core/formats.h"
#include "tests/audit/recipes.h"

namespace candor::audit_internal {
namespace {

std::uint16_t converted(float x, History history) {
  switch (history) {
    case History::via_f16:
      return to_bf16(x, Route::via_f16);
    case History::from_f16:
      return to_bf16(x, Route::from_f16);
    case History::from_f16_ftz:
      return to_bf16(x, Route::from_f16_ftz);
    case History::f16_truncated:
      return to_bf16(x, Route::f16_truncated);
    case History::truncated:
      return to_bf16(x, Route::truncated);
    case History::from_tf32:
      return to_bf16(x, Route::from_tf32);
    case History::via_f16_ftz: {
      const std::uint16_t code = to_bf16(x, Route::via_f16);
      return code < first_code(kLowestF16Normal) ? 0 : code;
    }
    case History::genuine:
      break;
  }
  return to_bf16(x, Route::rne);
}

// Every sixteenth f32 pattern in [2^binade, 2^(binade+1)), from the eighth on, stands for the reals around it. All
// boundaries between codes are multiples of 2^12 patterns, so that the sums are exact.
std::map<std::uint32_t, double> enumerated(History history, int binade) {
  std::map<std::uint32_t, double> widths;
  const double step = std::ldexp(16.0, binade - 23);
  for (std::uint32_t m = 8; m < 1u << 23; m += 16) {
    const float x = f32_from_bits(static_cast<std::uint32_t>(binade + 127) << 23 | m);
    widths[converted(x, history)] += step;
  }
  return widths;
}

TEST(code_table, reachable_codes_per_binade_are_those_of_every_conversion) {
  std::map<int, int> reached;
  for (std::uint32_t code = 0; code < kMagnitudeCodes; ++code) {
    const std::uint16_t back =
        f32_to_bf16_bits(f16_bits_to_f32(f32_to_f16_bits(bf16_bits_to_f32(static_cast<std::uint16_t>(code)))));
    EXPECT_EQ(is_f16_value(code), back == code);
    if (back == code && code != 0) ++reached[binade_of(code)];
  }
  int all = 0;
  for (int e = -127; e < 128; ++e) {
    const int expected = e >= -17 && e <= 15 ? 128 : e >= -24 && e < -17 ? 1 << (e + 24) : 0;
    EXPECT_EQ(reached[e], expected) << e;
    if (e > -127) {
      EXPECT_EQ(reachable_codes(e), expected) << e;
    }
    all += reached[e];
  }
  EXPECT_EQ(all, 4351);  // of 32,639 positive finite codes
}

TEST(code_table, largest_small_code_off_the_grid_and_smallest_on_it) {
  std::uint32_t largest = 0, smallest = 0;
  for (std::uint32_t code = 1; code < first_code(-17) + 128; ++code) {
    if (is_off_f16_grid(code)) largest = code;
    if (smallest == 0 && is_f16_value(code)) smallest = code;
  }
  EXPECT_EQ(largest, 0x36ffu);
  EXPECT_EQ(smallest, 0x3380u);
}

class WidthTables : public testing::TestWithParam<History> {};

// Codes whose cells lie within the binade; those of its powers of two are in `constants`.
TEST_P(WidthTables, equal_the_enumeration_of_f32_patterns) {
  const std::span<const double> table = widths(GetParam());
  for (const int binade : {-26, -24, -21, -18, -17, -16, -15, -14, -6, 0, 15}) {
    const std::map<std::uint32_t, double> seen = enumerated(GetParam(), binade);
    for (std::uint32_t m = 1; m < 127; ++m) {
      const std::uint32_t code = first_code(binade) + m;
      const auto found = seen.find(code);
      EXPECT_EQ(table[code], found == seen.end() ? 0 : found->second)
          << history_name(GetParam()) << " binade " << binade << " mantissa " << m;
    }
  }
}

// The reals below f16's range are all accounted for: nothing is lost or counted twice.
TEST_P(WidthTables, sum_to_the_length_of_the_range) {
  double sum = 0;
  for (std::uint32_t code = 0; code < first_code(8); ++code) sum += widths(GetParam())[code];
  const double end = GetParam() == History::truncated || GetParam() == History::f16_truncated
                         ? 256 - (GetParam() == History::truncated ? 0 : 0.0625)
                         : 256 - 0.5 * (GetParam() == History::genuine || GetParam() == History::via_f16 ||
                                                GetParam() == History::via_f16_ftz
                                            ? 1
                                            : 1 + 0x1p-3);
  EXPECT_NEAR(sum, end, 1e-9) << history_name(GetParam());
}

INSTANTIATE_TEST_SUITE_P(all, WidthTables,
                         testing::Values(History::via_f16, History::from_f16, History::via_f16_ftz,
                                         History::from_f16_ftz, History::f16_truncated, History::truncated,
                                         History::from_tf32, History::genuine));

double even_share(History history, int binade) {
  double even = 0, odd = 0;
  for (std::uint32_t m = 1; m < 128; ++m) (m % 2 == 0 ? even : odd) += widths(history)[first_code(binade) + m];
  return even / 63 / (even / 63 + odd / 64);
}

TEST(constants, share_of_even_codes_by_binade_is_that_of_the_theory) {
  for (const int binade : {-14, -6, 0, 15}) {
    EXPECT_NEAR(even_share(History::from_f16, binade), 0.5625, 1e-12);
    EXPECT_NEAR(even_share(History::from_f16_ftz, binade), 0.5625, 1e-12);
    EXPECT_NEAR(even_share(History::genuine, binade), 0.5, 1e-12);
    EXPECT_NEAR(even_share(History::f16_truncated, binade), 0.5, 1e-12);
  }
  EXPECT_NEAR(even_share(History::from_f16, -15), 0.625, 1e-12);
  EXPECT_NEAR(even_share(History::from_f16, -16), 0.75, 1e-12);
  EXPECT_NEAR(even_share(History::from_f16, -17), 0.5, 1e-12);
  EXPECT_NEAR(even_share(History::from_f16, -18), 1.0, 1e-12);
  for (const int binade : {-30, -17, 0, 100}) EXPECT_NEAR(even_share(History::from_tf32, binade), 0.5625, 1e-12);
}

TEST(constants, width_of_the_power_of_two_is_that_of_the_theory) {
  const auto relative = [](History history, int binade) {
    return widths(history)[first_code(binade)] / std::ldexp(1.0, binade - 7);
  };
  for (const int binade : {-10, -3, 0, 7}) {
    EXPECT_DOUBLE_EQ(relative(History::genuine, binade), 0.75);
    EXPECT_DOUBLE_EQ(relative(History::truncated, binade), 1.0);
    EXPECT_DOUBLE_EQ(relative(History::from_f16, binade), 0.84375);
    EXPECT_DOUBLE_EQ(relative(History::from_tf32, binade), 0.84375);
    EXPECT_DOUBLE_EQ(relative(History::f16_truncated, binade), 0.96875);
  }
}

TEST(constants, points_of_the_lattice_alternate_after_bf16) {
  const auto width = [](History history, std::uint32_t code) { return widths(history)[code] / 0x1p-25; };
  for (std::uint32_t m = 2; m < 126; m += 4) {
    EXPECT_EQ(width(History::via_f16, first_code(-18) + m), 1);
    EXPECT_EQ(width(History::via_f16, first_code(-18) + m + 2), 3);
    EXPECT_EQ(width(History::from_f16, first_code(-18) + m), 2);
    EXPECT_EQ(width(History::from_f16, first_code(-18) + m + 2), 2);
  }
}

TEST(constants, mass_off_the_grid_of_a_level_density) {
  double off = 0, small = 0;
  for (std::uint32_t code = 1; code < first_code(-17); ++code) {
    small += widths(History::genuine)[code];
    if (is_off_f16_grid(code)) off += widths(History::genuine)[code];
  }
  EXPECT_NEAR(2 * off, 1.0173e-5, 1e-9);  // both signs, times f(0)
  EXPECT_NEAR(off / small, 0.6680, 1e-4);
  double by_formula = std::ldexp(1.0, -24);
  for (int e = -24; e <= -18; ++e) by_formula += std::ldexp(1 - std::ldexp(1.0, e + 17), e);
  EXPECT_NEAR(2 * by_formula, 1.0173e-5, 1e-9);
}

// Average bits per element at a deviation of 0.02, of one history when it is true, by its width table.
double divergence(History history, std::uint32_t first, std::uint32_t last) {
  const double sigma = 0.02;
  double bits = 0, mass = 0, genuine_mass = 0;
  for (std::uint32_t code = first; code < last; ++code) {
    const double density = 2 / (sigma * std::sqrt(2 * M_PI)) * std::exp(-std::pow(code_value(code) / sigma, 2) / 2);
    const double p = widths(history)[code] * density, q = widths(History::genuine)[code] * density;
    if (p > 0) bits += p * std::log2(p / q);
    mass += p, genuine_mass += q;
  }
  return bits - (mass - genuine_mass) / std::log(2.0);
}

TEST(constants, bits_per_element_are_those_of_the_power_table) {
  const std::uint32_t middle = first_code(-17), top = first_code(4);
  EXPECT_NEAR(divergence(History::from_tf32, middle, top), 1.130e-2, 1e-5);
  // With f16's subnormal binades -15 and -16, where even codes prevail 5:3 and 3:1.
  EXPECT_NEAR(divergence(History::from_f16, middle, top), 1.144e-2, 1e-5);
  EXPECT_NEAR(divergence(History::from_f16, 1, middle), 5.97e-4, 1e-6);
  // More than from f32: bf16 codes halfway between two points of the lattice all go to the even one, so that the points
  // are not alike (3:1 in binade -18, 5:3 in -19, …).
  EXPECT_NEAR(divergence(History::via_f16, 1, middle), 6.29e-4, 1e-6);
  EXPECT_NEAR(divergence(History::via_f16_ftz, 1, top), 3.506e-3, 1e-6);
  // The whole likelihood. R, which compares with two codes on either side, gets 4.2e-4 of it.
  EXPECT_NEAR(divergence(History::truncated, middle, top), 6.13e-4, 1e-6);
}

}  // namespace
}  // namespace candor::audit_internal
