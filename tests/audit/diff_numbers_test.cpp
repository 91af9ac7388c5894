// Rounding to any format in any mode, against core/formats.h and against a search among all values of the format.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "audit/diff/history.h"
#include "audit/diff/shared_source.h"
#include "audit/diff/values.h"
#include "audit/rounding.h"
#include "tests/audit/recipes.h"

namespace candor::audit_internal::comparison {
namespace {

/// Every upper half with lower halves around ties of every format, and random ones.
std::vector<std::uint32_t> f32_patterns() {
  std::vector<std::uint32_t> patterns;
  for (std::uint32_t upper = 0; upper < 0x8000; ++upper) {
    for (const std::uint32_t lower : {0u, 1u, 0x0fffu, 0x1000u, 0x1001u, 0x3000u, 0x7fffu, 0x8000u, 0x8001u, 0xffffu})
      patterns.push_back(upper << 16 | lower);
    patterns.push_back(upper << 16 | (random_bits(7, upper) & 0xffffu));
  }
  return patterns;
}

template <class Code>
std::uint32_t bits_of_code(DType dtype, Code code) {
  std::uint32_t bits = 0;
  read_values(dtype, reinterpret_cast<const std::byte*>(&code), 1, &bits);
  return bits;
}

TEST(DiffNumbers, NearestEvenIsTheConversionOfTheLibrary) {
  const Rounder<std::uint32_t> bf16({.to = *number_format(DType::bf16)}), f16({.to = *number_format(DType::f16)});
  const Rounder<std::uint32_t> e4m3({.to = *number_format(DType::f8_e4m3)}),
      e5m2({.to = *number_format(DType::f8_e5m2)});
  for (const std::uint32_t pattern : f32_patterns()) {
    if (pattern > 0x7f800000u) continue;
    for (const std::uint32_t sign : {0u, 0x80000000u}) {
      const std::uint32_t bits = pattern | sign;
      const float x = f32_from_bits(bits);
      ASSERT_EQ(bf16(bits), bits_of_code(DType::bf16, f32_to_bf16_bits(x))) << std::hex << bits;
      ASSERT_EQ(f16(bits), bits_of_code(DType::f16, f32_to_f16_bits(x))) << std::hex << bits;
      ASSERT_EQ(e4m3(bits), bits_of_code(DType::f8_e4m3, f32_to_f8_e4m3_bits(x))) << std::hex << bits;
      ASSERT_EQ(e5m2(bits), bits_of_code(DType::f8_e5m2, f32_to_f8_e5m2_bits(x))) << std::hex << bits;
    }
  }
}

TEST(DiffNumbers, NearestEvenFromF64IsTheConversionOfTheLibrary) {
  const auto f32_as_f64 = [](std::uint32_t bits) { return f64_bits(f32_to_f64(f32_from_bits(bits))); };
  const Rounder<std::uint64_t> bf16({.to = *number_format(DType::bf16)}), f16({.to = *number_format(DType::f16)});
  const Rounder<std::uint64_t> f32({.to = *number_format(DType::f32)}), e4m3({.to = *number_format(DType::f8_e4m3)});
  for (const std::uint32_t pattern : f32_patterns()) {
    if (pattern > 0x7f800000u) continue;
    for (const std::uint64_t rest : {0ull, 1ull, 0x10000000ull, 0x1fffffffull}) {
      const std::uint64_t bits = f32_as_f64(pattern) | (pattern < 0x7f800000u ? rest : 0);
      const double x = f64_from_bits(bits);
      ASSERT_EQ(bf16(bits), f32_as_f64(bits_of_code(DType::bf16, f64_to_bf16_bits(x)))) << std::hex << bits;
      ASSERT_EQ(f16(bits), f32_as_f64(bits_of_code(DType::f16, f64_to_f16_bits(x)))) << std::hex << bits;
      ASSERT_EQ(f32(bits), f32_as_f64(f32_bits(f64_to_f32(x)))) << std::hex << bits;
      ASSERT_EQ(e4m3(bits), f32_as_f64(bits_of_code(DType::f8_e4m3, f64_to_f8_e4m3_bits(x)))) << std::hex << bits;
    }
  }
}

/// All finite magnitudes of a dtype of 8 or 16 bits, ascending: element c has code c.
std::vector<double> magnitudes(DType dtype) {
  std::vector<double> values;
  const bool byte = dtype_info(dtype).block_bytes == 1;
  for (std::uint32_t code = 0; code < (byte ? 0x80u : 0x8000u); ++code) {
    const auto wide = static_cast<std::uint16_t>(code);
    const double value = WordFormat<std::uint32_t>::value(bits_of_code(dtype, wide));
    if (std::isfinite(value)) values.push_back(value);
  }
  return values;
}

TEST(DiffNumbers, DirectedModesAgreeWithASearchAmongAllValues) {
  for (const DType dtype : {DType::bf16, DType::f16, DType::f8_e4m3, DType::f8_e5m2}) {
    const std::vector<double> grid = magnitudes(dtype);
    const NumberFormat format = *number_format(dtype);
    EXPECT_EQ(grid.back(), format.largest);
    const Rounder<std::uint32_t> cut({.to = format, .mode = RoundingMode::toward_zero});
    const Rounder<std::uint32_t> away({.to = format, .mode = RoundingMode::half_away});
    const Rounder<std::uint32_t> flush({.to = format, .flush = Flush::results}), even({.to = format});
    for (const std::uint32_t pattern : f32_patterns()) {
      const double x = WordFormat<std::uint32_t>::value(pattern);
      if (!(x <= format.largest)) continue;
      const auto above = std::upper_bound(grid.begin(), grid.end(), x);
      const double low = *(above - 1), high = above == grid.end() ? low : *above;
      ASSERT_EQ(WordFormat<std::uint32_t>::value(cut(pattern)), low) << dtype_name(dtype) << std::hex << pattern;
      const double nearest = x != low && x - low >= high - x ? high : low;
      ASSERT_EQ(WordFormat<std::uint32_t>::value(away(pattern)), nearest) << dtype_name(dtype) << std::hex << pattern;
      const double rounded = WordFormat<std::uint32_t>::value(even(pattern));
      const double kept = rounded < std::ldexp(1.0, format.lowest) ? 0 : rounded;
      ASSERT_EQ(WordFormat<std::uint32_t>::value(flush(pattern)), kept);
    }
  }
}

TEST(DiffNumbers, OverflowFollowsTheMode) {
  const NumberFormat f16 = *number_format(DType::f16), e4m3 = *number_format(DType::f8_e4m3);
  const auto value = [](const Rounding& rounding, float x) {
    return WordFormat<std::uint32_t>::value(Rounder<std::uint32_t>(rounding)(f32_bits(x)));
  };
  EXPECT_EQ(value({.to = f16}, 65519), 65504);
  EXPECT_EQ(value({.to = f16}, 65520), INFINITY);
  EXPECT_EQ(value({.to = f16}, -1e30f), -INFINITY);
  EXPECT_EQ(value({.to = f16, .overflow = Overflow::clamp}, -1e30f), -65504);
  EXPECT_EQ(value({.to = f16, .overflow = Overflow::clamp}, INFINITY), 65504);
  EXPECT_EQ(value({.to = f16, .mode = RoundingMode::toward_zero}, 1e30f), 65504);
  EXPECT_EQ(value({.to = f16, .mode = RoundingMode::toward_zero}, INFINITY), INFINITY);
  EXPECT_TRUE(std::isnan(value({.to = e4m3}, 465)));
  EXPECT_EQ(value({.to = e4m3}, 464), 448);
  EXPECT_EQ(value({.to = e4m3, .overflow = Overflow::clamp}, 465), 448);
  EXPECT_FALSE(std::signbit(value({.to = f16, .plus_zero = true}, -0.0f)));
  EXPECT_TRUE(std::signbit(value({.to = f16}, -1e-30f)));
}

TEST(DiffNumbers, StepsFromZeroAreCodes) {
  for (const DType dtype : {DType::bf16, DType::f16, DType::f8_e4m3, DType::f8_e5m2}) {
    const std::vector<double> grid = magnitudes(dtype);
    for (std::size_t code = 0; code < grid.size(); ++code) {
      ASSERT_EQ(steps_from_zero(f32_bits(static_cast<float>(grid[code])), *number_format(dtype)), code);
      ASSERT_EQ(steps_from_zero(f64_bits(grid[code]), *number_format(dtype)), code);
    }
  }
  EXPECT_EQ(steps_from_zero(std::uint32_t{5}, *number_format(DType::f32)), 5u);
  EXPECT_EQ(steps_from_zero(f64_bits(0x1p-149), *number_format(DType::f32)), 1u);
}

TEST(DiffNumbers, ASharedSourceIsFoundWhereASearchFindsOne) {
  // All pairs of a small format and of bf16 beside it; the search tries the ends of every interval and what is between.
  for (const DType dtype : {DType::f8_e5m2, DType::f8_e4m3}) {
    const NumberFormat small = *number_format(dtype), wide = *number_format(DType::bf16);
    const SharedSource source(small, wide);
    const Rounder<std::uint64_t> to_small({.to = small}), to_wide({.to = wide});
    std::set<std::pair<double, double>> possible;
    for (std::uint32_t code = 0; code < 0x7c00u << 2; ++code) {  // all f16 magnitudes in steps of a quarter, and ends
      const double x = static_cast<double>(f16_bits_to_f32(static_cast<std::uint16_t>(code >> 2)));
      const double step = static_cast<double>(f16_bits_to_f32(static_cast<std::uint16_t>((code >> 2) + 1))) - x;
      for (const double near : {-0x1p-20, 0.0, 0x1p-20}) {
        const double candidate = std::isfinite(step) ? std::fabs(x + (0.25 * (code & 3) + near) * step) : x;
        const double a = f64_from_bits(to_small(f64_bits(candidate))), b = f64_from_bits(to_wide(f64_bits(candidate)));
        if (!std::isnan(a)) possible.insert({a, b});
      }
    }
    const std::vector<double> as = magnitudes(dtype), bs = magnitudes(DType::bf16);
    for (const double a : as) {
      for (const double b : bs) {
        if (a < 0x1p-12 || b < 0x1p-12 || b > 60000) continue;  // f16's own end is not the search's
        ASSERT_EQ(source.possible(a, b), possible.contains({a, b})) << a << " " << b;
      }
    }
    EXPECT_FALSE(source.possible(1, -1));
    EXPECT_TRUE(source.possible(0, 0x1p-100) && source.possible(-0.0, -0x1p-100));
  }
}

TEST(DiffNumbers, ATieBelongsToTheEvenNeighbour) {
  const SharedSource source(*number_format(DType::f16), *number_format(DType::f64));
  EXPECT_TRUE(source.possible(1, 1 + 0x1p-11) && source.possible(1, 1 - 0x1p-12));
  EXPECT_FALSE(source.possible(1 + 0x1p-10, 1 + 0x1p-11) || source.possible(1, 1 - 0x1p-12 - 0x1p-50));
  EXPECT_TRUE(source.possible(INFINITY, 65520) && source.possible(0, 0x1p-25) && source.possible(0x1p-24, 0x1.1p-25));
  EXPECT_FALSE(source.possible(INFINITY, 65519.9) || source.possible(65504, 65520) ||
               source.possible(0x1p-24, 0x1p-25));
}

TEST(DiffNumbers, DifferentCodesStayDifferentValues) {
  for (const DType dtype : {DType::bf16, DType::f16, DType::f8_e5m2}) {
    const bool byte = dtype_info(dtype).block_bytes == 1;
    std::set<std::uint32_t> seen;
    for (std::uint32_t code = 0; code < (byte ? 0x100u : 0x10000u); ++code)
      seen.insert(bits_of_code(dtype, static_cast<std::uint16_t>(code)));
    EXPECT_EQ(seen.size(), byte ? 0x100u : 0x10000u);
  }
}

TEST(DiffNumbers, AFormatHoldsWhatItCanHold) {
  const auto held = [](DType to, DType from) { return holds(*number_format(to), *number_format(from)); };
  using enum DType;
  EXPECT_TRUE(held(f32, bf16) && held(f32, f16) && held(f64, f32) && held(tf32, bf16) && held(tf32, f16));
  EXPECT_TRUE(held(f16, f8_e4m3) && held(f16, f8_e5m2) && held(bf16, f8_e5m2) && held(bf16, f8_e4m3));
  EXPECT_FALSE(held(bf16, f16) || held(f16, bf16) || held(f8_e4m3, f8_e5m2) || held(f8_e5m2, f8_e4m3));
  EXPECT_FALSE(held(tf32, f32) || held(f32, f64));
  EXPECT_TRUE(held(f32, q4_k));
}

TEST(DiffNumbers, DetoursThatChangeNothingAreNoHistories) {
  const auto has = [](DType from, DType to, const char* name) {
    const std::vector<History> histories = histories_of(from, to);
    return std::any_of(histories.begin(), histories.end(), [&](const History& h) { return h.name == name; });
  };
  using enum DType;
  EXPECT_TRUE(has(f32, bf16, "through f16") && has(bf16, bf16, "through f16") && has(f64, bf16, "through f32"));
  EXPECT_FALSE(has(f16, bf16, "through f16") || has(f32, f16, "through f16") || has(f8_e5m2, bf16, "through f16"));
  EXPECT_FALSE(has(bf16, bf16, "through tf32") || has(f16, f32, "through tf32") || has(bf16, f32, "through bf16"));
  EXPECT_FALSE(has(bf16, f32, "cut off") || has(bf16, bf16, "rounded half away"));
}

TEST(DiffNumbers, HistoriesFitTheTallyAndAreNamedOnce) {
  using enum DType;
  for (const DType from : {f64, f32, f16, bf16, f8_e4m3, f8_e5m2, q4_0}) {
    for (const DType to : {f64, f32, f16, bf16, f8_e4m3, f8_e5m2}) {
      const std::vector<History> histories = histories_of(from, to);
      EXPECT_LE(histories.size(), 32u);
      std::set<std::string> names;
      for (const History& history : histories) {
        names.insert(history.name);
        EXPECT_NE(history_phrase(history.name, "A", "D"), history.name) << "no phrase";
        EXPECT_NE(history_phrase(history.name, "A", "D").find('A'), std::string::npos);
      }
      EXPECT_EQ(names.size(), histories.size());
    }
  }
}

}  // namespace
}  // namespace candor::audit_internal::comparison
