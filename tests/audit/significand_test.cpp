#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "audit/judge/mixed_significands.h"
#include "core/formats.h"
#include "tests/audit/ask.h"
#include "tests/audit/recipes.h"
#include "tests/audit/tables.h"

namespace candor::audit_internal {
namespace {

using ::testing::HasSubstr;

Fingerprint f32_of(const std::vector<float>& values) {
  return fingerprint_of(values, {static_cast<std::int64_t>(values.size())});
}
Fingerprint f16_of(const std::vector<float>& values) {
  return fingerprint_of(to_f16(values), {static_cast<std::int64_t>(values.size())}, DType::f16);
}
Fingerprint bf16_of(const std::vector<float>& values) {
  return fingerprint_of(to_bf16(values, Route::rne), {static_cast<std::int64_t>(values.size())});
}

/// The fingerprint of f64 values, which recipes do not make: joint counts and distinct patterns alone.
Fingerprint f64_of(const std::vector<double>& values) {
  Fingerprint tensor;
  tensor.dtype = DType::f64;
  tensor.elements = values.size();
  tensor.significands.counts.assign(static_cast<std::size_t>(SignificandCounts::kExponents * SignificandCounts::kZeros),
                                    0);
  std::vector<std::uint64_t> patterns;
  for (const double x : values) {
    const std::uint64_t magnitude = f64_bits(x) & kF64Magnitude, mantissa = magnitude & ((std::uint64_t{1} << 52) - 1);
    if (magnitude == 0) {
      ++tensor.zeros;
      continue;
    }
    const int zeros = std::min(52, std::countr_zero(mantissa | std::uint64_t{1} << 52));
    ++tensor.significands.at(std::ilogb(x), zeros);
    if (mantissa != 0 && zeros >= 29) patterns.push_back(magnitude);
  }
  std::sort(patterns.begin(), patterns.end());
  patterns.erase(std::unique(patterns.begin(), patterns.end()), patterns.end());
  for (const std::uint64_t pattern : patterns) {
    std::uint64_t& count = tensor.distinct_by_zeros[static_cast<std::size_t>(std::countr_zero(pattern))];
    count = std::min(count + 1, kDistinctCap);
  }
  return tensor;
}

std::vector<float> fp8(const std::vector<float>& values, bool e4m3) {
  std::vector<float> out;
  for (const float x : values)
    out.push_back(e4m3 ? f8_e4m3_bits_to_f32(f32_to_f8_e4m3_bits(x)) : f8_e5m2_bits_to_f32(f32_to_f8_e5m2_bits(x)));
  return out;
}

template <class Change>
std::vector<float> each(std::vector<float> values, Change&& change) {
  for (float& x : values) x = change(x);
  return values;
}

void expect_widened(const Fingerprint& tensor, const char* sub) {
  const Asked asked = ask_first_four(tensor);
  EXPECT_EQ(asked.verdict(), AuditVerdict::widened) << sub << ": " << said(asked);
  EXPECT_EQ(asked.sub(), sub) << said(asked);
}

TEST(Significand, WidenedFormatsAreNamed) {
  for (const Law law : {Law::normal, Law::laplace, Law::t3, Law::uniform, Law::pruned})
    for (const std::size_t n : {200u, 10000u, 300000u}) {
      const std::vector<float> values = draw(law, 0.02, n, n + 1);
      expect_widened(f32_of(widen(to_bf16(values, Route::rne))), "bf16-in-f32");
      expect_widened(f32_of(each(values, through_f16)), "f16-in-f32");
      if (n > 200) expect_widened(f32_of(each(values, through_tf32)), "tf32-in-f32");
      expect_widened(f16_of(widen(to_bf16(draw(law, 0.3, n, 5), Route::rne))), "bf16-in-f16");
      for (const bool e4m3 : {true, false}) {
        const std::vector<float> narrow = fp8(draw(law, e4m3 ? 0.06 : 0.02, n, 6), e4m3);
        const std::string name = e4m3 ? "e4m3" : "e5m2";
        expect_widened(bf16_of(narrow), (name + "-in-bf16").c_str());
        expect_widened(f16_of(narrow), (name + "-in-f16").c_str());
        expect_widened(f32_of(narrow), (name + "-in-f32").c_str());
      }
    }
}

TEST(Significand, F64ThatWasNarrower) {
  const std::vector<float> values = draw(Law::normal, 0.02, 5000, 8);
  const std::vector<float> rounded = widen(to_bf16(values, Route::rne));
  expect_widened(f64_of({values.begin(), values.end()}), "f32-in-f64");
  expect_widened(f64_of({rounded.begin(), rounded.end()}), "bf16-in-f64");
  std::vector<double> wide;
  for (std::size_t i = 0; i < values.size(); ++i) wide.push_back(static_cast<double>(values[i]) * 1.0123456789);
  EXPECT_FALSE(ask_first_four(f64_of(wide)).proposal);
  std::copy(values.begin(), values.begin() + 500, wide.begin());
  const Asked asked = ask_first_four(f64_of(wide));
  EXPECT_EQ(asked.verdict(), AuditVerdict::mixed) << said(asked);
  EXPECT_EQ(asked.sub(), "f32-in-f64");
  EXPECT_NEAR(asked.share().value, 0.1, 0.01);
}

TEST(Significand, NormsKeptInF32AreTheSameQuestion) {
  const std::vector<float> gains = widen(to_bf16(draw_around(1, 0.1, 4096, 3), Route::rne));
  expect_widened(f32_of(gains), "bf16-in-f32");
  EXPECT_THAT(ask_first_four(f32_of(gains)).proposal->note, HasSubstr("by convention"));
  const Asked few = ask_first_four(f32_of({1.0f, 1.0078125f, 0.99609375f}));
  EXPECT_FALSE(few.proposal) << said(few);
}

TEST(Significand, TheGridOfF16IsNoted) {
  const std::vector<float> values = draw(Law::normal, 0.02, 200000, 4);
  const Asked plain = ask_first_four(fingerprint_of(widen(to_bf16(values, Route::rne)), {400, 500}));
  const Asked via = ask_first_four(fingerprint_of(widen(to_bf16(values, Route::via_f16)), {400, 500}));
  EXPECT_EQ(plain.proposal->note, "");
  EXPECT_THAT(via.proposal->note, HasSubstr("went through f16"));
  const Asked gains = ask_first_four(f32_of(each(draw_around(1, 0.1, 1000, 3), through_f16)));
  EXPECT_EQ(gains.sub(), "f16-in-f32");
  EXPECT_THAT(gains.proposal->note, HasSubstr("TF32"));
}

TEST(Significand, MixturesHaveAShareAndAnInterval) {
  for (const double share : {0.1, 0.5, 0.9})
    for (const std::size_t n : {10000u, 400000u}) {
      const std::vector<float> values = draw(Law::normal, 0.02, n, 17);
      std::vector<float> narrow = values, f16 = values;
      const auto part = static_cast<std::size_t>(share * static_cast<double>(n));
      for (std::size_t i = 0; i < part; ++i) {
        narrow[i] = bf16_bits_to_f32(f32_to_bf16_bits(values[i]));
        f16[i] = through_f16(values[i]);
      }
      for (const auto& [tensor, sub] : {std::pair{f32_of(narrow), "bf16-in-f32"}, {f32_of(f16), "f16-in-f32"}}) {
        const Asked asked = ask_first_four(tensor);
        EXPECT_EQ(asked.verdict(), AuditVerdict::mixed) << said(asked);
        EXPECT_EQ(asked.sub(), sub) << said(asked);
        EXPECT_LE(asked.share().low, share + 1e-3);
        EXPECT_GE(asked.share().high, share - 1e-3);
        EXPECT_LT(asked.share().high - asked.share().low, 0.04);
        // The share is exact, but for full-length values that are short by chance: one in 2^13 at most.
        EXPECT_NEAR(asked.share().value, share, 4 * std::sqrt(0x1p-13 / static_cast<double>(n)) + 1e-5);
      }
    }
}

/// 95 % intervals over 400 mixtures: at least 93 % cover (three standard errors below 95 % are 91.7 %).
TEST(Significand, IntervalsCover) {
  int covered = 0, all = 0;
  for (std::uint64_t i = 0; i < 400; ++i) {
    std::vector<float> values = draw(Law::normal, 0.02, 4000, 9000 + i);
    const double share = 0.02 + 0.9 * random_unit(60, i);
    for (std::size_t k = 0; k < values.size(); ++k)
      if (random_unit(61 + i, k) < share) values[k] = bf16_bits_to_f32(f32_to_bf16_bits(values[k]));
    const Asked asked = ask(ask_significand, f32_of(values));
    ASSERT_EQ(asked.verdict(), AuditVerdict::mixed) << i;
    covered += asked.share().low <= share && share <= asked.share().high ? 1 : 0;
    ++all;
  }
  EXPECT_GE(covered, 372) << "of " << all;
}

// From here on: what has short significands for another reason.

TEST(Significand, ConstantsAndPowersOfTwoCarryNothing) {
  std::vector<float> powers, constants = draw(Law::normal, 0.02, 50000, 6);
  for (const float x : draw(Law::normal, 4, 50000, 7)) powers.push_back(std::exp2(std::nearbyint(x)));
  for (std::size_t i = 0; i < 20000; ++i) constants[i] = i % 2 == 0 ? 0.75f : 1.5f;
  EXPECT_FALSE(ask(ask_significand, f32_of(powers)).proposal);
  EXPECT_FALSE(ask(ask_significand, bf16_of(powers)).proposal);
  EXPECT_FALSE(ask(ask_significand, f32_of(constants)).proposal);
  EXPECT_FALSE(ask(ask_significand, f32_of(causal_mask(64, -65504))).proposal);
}

/// Sums and averages of bf16 values, and scales times integers, have significands of all lengths below f32's.
TEST(Significand, ArithmeticOfShortValuesIsNoMixture) {
  const std::vector<float> a = widen(to_bf16(draw(Law::normal, 0.02, 50000, 1), Route::rne));
  const std::vector<float> b = widen(to_bf16(draw(Law::normal, 0.02, 50000, 2), Route::rne));
  const std::vector<float> c = draw(Law::normal, 1, 50000, 3);
  std::vector<float> average, three, q4, q8;
  for (std::size_t i = 0; i < a.size(); ++i) {
    average.push_back((a[i] + b[i]) / 2);
    three.push_back((a[i] + 2 * b[i]) / 3);
    const float scale = through_f16(0.01f * (1 + static_cast<float>(random_unit(4, i / 32))));
    q4.push_back(scale * std::nearbyint(std::clamp(3 * c[i], -8.0f, 7.0f)));
    q8.push_back(scale * std::nearbyint(std::clamp(40 * c[i], -127.0f, 127.0f)));
  }
  for (const auto& values : {average, three, q4, q8}) {
    const Asked asked = ask_first_four(f32_of(values));
    EXPECT_FALSE(asked.proposal) << said(asked);
  }
}

TEST(Significand, ComputedTablesInF32AreNotWidened) {
  for (const auto& table : {dft_basis(64), dft_basis(512), rotary_table(2048, 64, false), rotary_table(2048, 64, true),
                            alibi(16, 2048), hann_window(4096)}) {
    const Asked asked = ask_first_four(f32_of(table));
    EXPECT_TRUE(!asked.proposal || asked.verdict() == AuditVerdict::structured) << table.size() << said(asked);
  }
}

/// Two significant bits: less than e5m2 has, so that it is not what they were.
TEST(Significand, AFormatIsNamedOnlyWhenItsLastBitIsUsed) {
  std::vector<float> values;
  const std::vector<float> drawn = draw(Law::normal, 2, 50000, 5);
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    const float level = std::nearbyint(std::clamp(drawn[i], -4.0f, 4.0f));  // 0 … 4: one or two bits
    values.push_back(std::ldexp(level, static_cast<int>(random_bits(6, i / 32) % 14) - 12));
  }
  EXPECT_FALSE(ask(ask_significand, bf16_of(values)).proposal);
  const Asked wide = ask(ask_significand, f32_of(values));
  EXPECT_EQ(wide.sub(), "bf16-in-f32") << said(wide);
  EXPECT_THAT(wide.proposal->note, HasSubstr("more than 2 bits"));
}

/// int4 times a bf16 scale needs eleven bits, all of them f16's: the quantiser explains it better.
TEST(Significand, BlockSchemesComeFirst) {
  std::vector<float> values;
  const std::vector<float> drawn = draw(Law::normal, 1, 50000, 5);
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    const float scale = bf16_bits_to_f32(f32_to_bf16_bits(0.01f * (1 + static_cast<float>(random_unit(4, i / 32)))));
    values.push_back(scale * std::nearbyint(std::clamp(3 * drawn[i], -8.0f, 7.0f)));
  }
  Fingerprint tensor = f32_of(values);
  EXPECT_EQ(ask_first_four(tensor).verdict(), AuditVerdict::widened) << said(ask_first_four(tensor));
  tensor.blocks.sampled = 1000;
  tensor.blocks.schemes.push_back({"int4 symmetric", 32, "32 along rows", 1000, 990, 5000, 0.01, 0});
  const Asked asked = ask_first_four(tensor);
  EXPECT_EQ(asked.verdict(), AuditVerdict::dequantised) << said(asked);
  Fingerprint plain = bf16_of(fp8(draw(Law::normal, 0.06, 20000, 6), true));
  plain.blocks.schemes.push_back({"fp8 e4m3", 0, "tensor", 1, 1, 300, 1, 0});
  EXPECT_EQ(ask_first_four(plain).sub(), "e4m3-in-bf16");
}

/// A constant that fills a third of the tensor is no part of the mixture.
TEST(Significand, ConstantsAreNotCountedIntoAShare) {
  std::vector<float> values = draw(Law::normal, 0.02, 90000, 6);
  for (std::size_t i = 0; i < 30000; ++i) values[i] = bf16_bits_to_f32(f32_to_bf16_bits(values[i]));
  for (std::size_t i = 30000; i < 60000; ++i) values[i] = 1.0f;
  const Asked asked = ask_first_four(f32_of(values));
  EXPECT_EQ(asked.verdict(), AuditVerdict::mixed);
  EXPECT_NEAR(asked.share().value, 1.0 / 3, 0.002);
}

/// f16 has 1,024 significands in each binade, so that most of a large part's values occur more than once: what is
/// called different must not be more than there are.
TEST(Significand, NoMoreAreCalledDifferentThanThereAre) {
  std::vector<float> values = draw(Law::normal, 0.02, 400000, 8);
  std::vector<float> part;
  for (std::size_t i = 0; i < 200000; ++i) part.push_back(values[i] = f16_bits_to_f32(f32_to_f16_bits(values[i])));
  for (float& value : part) value = std::fabs(value);
  std::sort(part.begin(), part.end());
  const auto different = static_cast<std::uint64_t>(std::unique(part.begin(), part.end()) - part.begin());
  const Fingerprint tensor = f32_of(values);
  const std::optional<MixedSignificands> mixture = measure_mixture(tensor, *container_format(DType::f32));
  ASSERT_TRUE(mixture);
  EXPECT_TRUE(mixture->capped);
  // The other half has 24.4 ± 4.9 such values by chance, here up to five deviations.
  EXPECT_NEAR(static_cast<double>(mixture->brief), 200000, 300);  // without f16's powers of two, one in 1,024
  EXPECT_LE(mixture->distinct, different + 49);
  EXPECT_GE(mixture->distinct, kDistinctCap);
  // A value that occurs twice is no more evidence than once: at most log2 of (distinct / expected) ^ distinct.
  const double distinct = static_cast<double>(mixture->distinct);
  EXPECT_LE(mixture->bits, distinct * std::log2(distinct / mixture->expected));
  EXPECT_THAT(ask_first_four(tensor).proposal->sentence, HasSubstr(" values, at least "));
}

TEST(Significand, ThousandsOfGenuineTensors) {
  double most = 0;
  for (std::uint64_t i = 0; i < 4000; ++i) {
    const auto n = static_cast<std::size_t>(std::exp2(2 + 12 * random_unit(70, i)));
    const double sigma = std::exp2(-12 + 14 * random_unit(71, i));
    const std::vector<float> values =
        i % 9 == 8 ? draw_around(1, 0.1, n, i) : draw(kAllLaws[i % 8], sigma, n, 2000 + i);
    for (const Fingerprint& tensor : {f32_of(values), bf16_of(values), f16_of(values)}) {
      const Asked asked = ask(ask_significand, tensor);
      EXPECT_FALSE(asked.proposal) << i << said(asked);
      for (const AuditTest& test : asked.evidence.tests) most = std::max(most, test.bits);
    }
  }
  // 12,000 tensors, so 2^-13.6 is to be expected once; six bits are left for the coarseness of small counts.
  EXPECT_LT(most, 20);
  RecordProperty("most_bits", std::to_string(most));
}

}  // namespace
}  // namespace candor::audit_internal
