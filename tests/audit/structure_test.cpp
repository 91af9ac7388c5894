#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "audit/judge/measured.h"
#include "core/formats.h"
#include "tests/audit/ask.h"
#include "tests/audit/recipes.h"
#include "tests/audit/tables.h"

namespace candor::audit_internal {
namespace {

using ::testing::HasSubstr;
constexpr float kInfinity = std::numeric_limits<float>::infinity(), kNan = std::numeric_limits<float>::quiet_NaN();

std::vector<std::int64_t> flat(const std::vector<float>& values) { return {static_cast<std::int64_t>(values.size())}; }

Fingerprint as_bf16(const std::vector<float>& values) {
  return fingerprint_of(to_bf16(values, Route::rne), flat(values));
}
Fingerprint as_f16(const std::vector<float>& values) {
  return fingerprint_of(to_f16(values), flat(values), DType::f16);
}
Fingerprint as_f32(const std::vector<float>& values) { return fingerprint_of(values, flat(values)); }

void expect_structured(const Fingerprint& tensor, const char* sub, const char* what) {
  const Asked asked = ask(ask_structure, tensor);
  EXPECT_EQ(asked.verdict(), AuditVerdict::structured) << what << ": " << said(asked);
  EXPECT_EQ(asked.sub(), sub) << what << ": " << said(asked);
  EXPECT_EQ(asked.proposal->would_change,
            sub == std::string_view("sparse") ? "more values that are not zero" : "one value that breaks the rule");
  ASSERT_EQ(asked.evidence.tests.size(), 1u);
  EXPECT_EQ(asked.evidence.tests[0].name, "structure");
}

void expect_no_structure(const Fingerprint& tensor, const char* what) {
  const Asked asked = ask(ask_structure, tensor);
  EXPECT_FALSE(asked.proposal) << what << ": " << said(asked);
}

std::vector<std::vector<float>> tables() {
  return {dft_basis(64),
          dft_basis(256),
          dft_basis(1024),
          rotary_table(2048, 64, false),
          rotary_table(2048, 64, true),
          alibi(8, 512),
          alibi(8, 2048),
          alibi(16, 2048),
          alibi(12, 1024),
          hann_window(8192)};
}

TEST(Structure, NothingToJudge) {
  for (const auto& values : {std::vector<float>{}, {0.25f}, {kNan}, {kInfinity}, std::vector<float>(100, kNan)}) {
    for (const Fingerprint& tensor : {as_bf16(values), as_f32(values), as_f16(values)}) {
      const Asked asked = ask(ask_structure, tensor);
      ASSERT_TRUE(asked.proposal) << values.size();
      EXPECT_EQ(asked.verdict(), AuditVerdict::undecidable);
      EXPECT_EQ(asked.proposal->would_change, "more values that are finite");
    }
  }
  const Fingerprint scalar = fingerprint_of(std::vector<float>{4.6052f}, {});
  EXPECT_EQ(ask(ask_structure, scalar).sub(), "low-power");
}

TEST(Structure, Constants) {
  for (const float x : {0.0f, 1.0f, -3.0f, 0.1f, 1e30f, 65504.0f}) {
    const std::vector<float> values(300, x);
    expect_structured(as_bf16(values), "constant", "bf16");
    expect_structured(as_f32(values), "constant", "f32");
  }
}

std::vector<float> with_nans(std::vector<float> values, std::size_t nans) {
  values.insert(values.end(), nans, kNan);
  return values;
}

TEST(Structure, SentencesCountTheNan) {
  const auto sentence = [](const Fingerprint& tensor) { return ask(ask_structure, tensor).proposal->sentence; };
  const std::vector<float> half(300, 0.5f), zeros(300, 0.0f);
  expect_structured(as_bf16(with_nans(half, 9700)), "constant", "97 % NaN");
  expect_structured(as_f32(with_nans(zeros, 1)), "constant", "zeros and a NaN: no mask");
  std::vector<float> mask = causal_mask(64, -kInfinity), both = mask, few = zeros;
  std::replace(both.begin(), both.begin() + 64, -kInfinity, 0.5f);
  few[7] = 0.25f, few[8] = 0.5f;
  for (const auto as : {as_bf16, as_f16, as_f32}) {
    EXPECT_EQ(sentence(as(half)), "Every value is 0.5.");
    EXPECT_EQ(sentence(as(with_nans(half, 9700))), "Every value but 9,700 NaN is 0.5.");
    EXPECT_EQ(sentence(as(with_nans(zeros, 1))), "Every value but 1 NaN is zero.");
    EXPECT_EQ(sentence(as(with_nans(mask, 2))), "Zeros and infinities, beside 2 NaN: a mask.");
    EXPECT_EQ(sentence(as(both)), "0.5, zeros and infinities: a mask.");
    EXPECT_EQ(sentence(as(with_nans(few, 500))), "Only 2 of 300 finite values are not zero.");
    EXPECT_EQ(sentence(as(with_nans({0.5f}, 99))), "A single value, beside 99 NaN, has no statistics.");
  }
  EXPECT_EQ(ask(ask_structure, as_bf16(with_nans({0.5f}, 99))).sub(), "low-power");
  EXPECT_EQ(ask(ask_structure, as_bf16(with_nans(half, 9700))).proposal->bits, 299) << "of the values that repeat";
}

TEST(Structure, MasksAndTheSpikeThatF16Leaves) {
  for (const float blocked : {-65504.0f, -3.4e38f, std::numeric_limits<float>::lowest(), 1e30f, -kInfinity, 1.0f}) {
    expect_structured(as_bf16(causal_mask(64, blocked)), "mask", "bf16");
    expect_structured(as_f32(causal_mask(64, blocked)), "mask", "f32");
  }
  EXPECT_THAT(ask(ask_structure, as_bf16(causal_mask(64, -65504.0f))).proposal->note, HasSubstr("-65536"));
  EXPECT_EQ(ask(ask_structure, as_bf16(causal_mask(64, 65504.0f))).proposal->note, "") << "not f16's lowest";
  for (const auto& [blocked, said] : {std::pair{-65536.0f, "-65536 and zeros"},
                                      {-16777216.0f, "-16777216 and zeros"},
                                      {-0x1p100f, "-1.268e+30 and zeros"}})
    EXPECT_THAT(ask(ask_structure, as_bf16(causal_mask(64, blocked))).proposal->sentence, HasSubstr(said));
  EXPECT_THAT(ask(ask_structure, as_f32(causal_mask(64, -65504.0f))).proposal->note, HasSubstr("f16's lowest"));
  EXPECT_EQ(ask(ask_structure, as_bf16(causal_mask(64, -1e30f))).proposal->note, "");
}

TEST(Structure, ComputedTables) {
  for (const std::vector<float>& table : tables()) {
    expect_structured(as_bf16(table), "table", ("bf16, " + std::to_string(table.size())).c_str());
    expect_structured(as_f16(table), "table", ("f16, " + std::to_string(table.size())).c_str());
  }
  std::vector<float> positions;
  for (int i = 0; i < 512; ++i) positions.push_back(static_cast<float>(i));
  expect_structured(as_bf16(positions), "table", "positions");
  expect_structured(as_f32(positions), "table", "positions, f32");
  expect_structured(as_f32(alibi(8, 2048)), "table", "ALiBi, f32");
  std::vector<float> grid;
  for (int i = -64; i <= 64; ++i) grid.push_back(static_cast<float>(i) / 64);
  expect_structured(as_f32(grid), "table", "coordinates, f32");
}

/// A table read as weights would be called widened: that is what the question is for.
// Counts and codes: short significands, but no format made them so. Numbers from 96 on have no small ones beside them;
// what speaks is that none of those below 128 has a half.
TEST(Structure, WholeNumbers) {
  std::vector<float> labels, counts;
  for (std::uint64_t i = 0; i < 4096; ++i) {
    labels.push_back(1 + std::floor(4 * static_cast<float>(random_unit(1, i))));
    counts.push_back(96 + std::floor(60 * static_cast<float>(random_unit(2, i))));
  }
  for (const auto& values : {labels, counts}) {
    expect_structured(as_f32(values), "table", "f32");
    expect_structured(as_bf16(values), "table", "bf16");
    EXPECT_THAT(said(ask(ask_structure, as_f32(values))), HasSubstr("whole numbers"));
  }
}

// bf16 has no fractions from 128 on, and e5m2 none from 4 on: that the values are whole is the format's doing.
TEST(Structure, LargeValuesAreWholeWithoutBeingATable) {
  std::vector<float> large;
  for (const float x : widen(to_bf16(draw(Law::normal, 1e5, 4096, 3), Route::rne)))
    if (std::fabs(x) >= 128) large.push_back(x);
  expect_no_structure(as_f32(large), "bf16 in f32");
  expect_no_structure(as_bf16(large), "bf16");
  // Nor do a few small whole numbers beside them say so, or one that is repeated: variances of channels that are dead.
  std::vector<float> few = large, dead = large;
  for (int i = 0; i < 20; ++i) few.push_back(static_cast<float>(1 + i % 3));
  dead.insert(dead.end(), large.size() / 2, 1.0f);
  expect_no_structure(as_f32(few), "a few small ones");
  expect_no_structure(as_f32(dead), "one small value, repeated");
}

TEST(Structure, IsAskedBeforeSignificands) {
  EXPECT_TRUE(ask(ask_significand, as_f32(alibi(8, 1024))).proposal);
  EXPECT_EQ(ask_first_four(as_f32(alibi(8, 1024))).verdict(), AuditVerdict::structured);
}

TEST(Structure, GenuineTensorsGoOn) {
  for (const Law law : kAllLaws)
    for (const double sigma : {1e-6, 0.005, 0.02, 0.3, 1.0, 40.0})
      for (const std::size_t n : {64u, 3000u, 100000u}) {
        const std::vector<float> values = draw(law, sigma, n, n + static_cast<std::size_t>(law));
        expect_no_structure(as_bf16(values), "bf16");
        expect_no_structure(as_f32(values), "f32");
        expect_no_structure(as_f32(widen(to_bf16(values, Route::rne))), "widened");
        if (sigma > 0.001) expect_no_structure(as_f16(values), "f16");
        if (sigma > 0.001) expect_no_structure(fingerprint_of(to_bf16(values, Route::via_f16), flat(values)), "f16");
      }
  for (const double spread : {0.02, 0.1, 0.5})
    for (const std::size_t n : {64u, 4096u, 100000u}) {
      const std::vector<float> gains = draw_around(1, spread, n, n);
      expect_no_structure(as_bf16(gains), "gains");
      expect_no_structure(as_f32(widen(to_bf16(gains, Route::rne))), "widened gains");
      expect_no_structure(as_f16(widen(to_bf16(gains, Route::rne))), "gains in f16");
    }
}

/// Every multiple of 2^-24 up to 2^-17 occurs, and nothing between: f16's trace, not a table's.
TEST(Structure, TheGridOfF16IsNoTable) {
  const std::vector<float> values = draw(Law::laplace, 0.001, 1000000, 77);
  for (const Route route : {Route::via_f16, Route::from_f16, Route::from_f16_ftz})
    expect_no_structure(fingerprint_of(to_bf16(values, route), flat(values)), "laundered");
  expect_no_structure(as_f16(values), "f16");
  expect_no_structure(as_f32(widen(to_bf16(values, Route::via_f16))), "laundered, in f32");
}

TEST(Structure, ZerosAreNotHeldAgainstATensor) {
  std::vector<float> values(100000, 0.0f);
  const std::vector<float> drawn = draw(Law::normal, 0.02, 500, 3);
  std::copy(drawn.begin(), drawn.end(), values.begin());
  expect_no_structure(as_bf16(values), "99.5 % zeros");
  std::fill(values.begin() + 5, values.end(), 0.0f);
  expect_structured(as_bf16(values), "sparse", "five values");
}

/// Thousands of genuine and laundered tensors: all routes, and gains of which some end at 1.
TEST(Structure, ThousandsOfTensorsGoOn) {
  for (std::uint64_t i = 0; i < 2000; ++i) {
    const auto n = static_cast<std::size_t>(std::exp2(7 + 9 * random_unit(80, i)));
    const double sigma = std::exp2(-8 + 8 * random_unit(81, i));
    const std::vector<float> values = draw(kAllLaws[i % 8], sigma, n, 5000 + i);
    const std::string what = "tensor " + std::to_string(i);
    expect_no_structure(fingerprint_of(to_bf16(values, kAllRoutes[i % 9], i), flat(values)), what.c_str());
    expect_no_structure(as_f16(values), what.c_str());
    std::vector<float> gains = draw_around(0.5 + random_unit(82, i), 0.01 + 0.3 * random_unit(83, i), n, 9000 + i);
    expect_no_structure(as_f16(gains), what.c_str());
    for (float& x : gains) x = std::min(x, 1.5f);
    expect_no_structure(as_bf16(gains), what.c_str());
  }
}

/// Small values flushed, or all of them used: the smallest one and its multiples are there as every other code is.
TEST(Structure, DenseCodesAreNoMultiples) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const Law law = seed % 2 == 0 ? Law::uniform : Law::laplace;
    const std::vector<float> values = draw(law, std::exp2(-8 + random_unit(84, seed)), 262144, 600 + seed);
    expect_no_structure(fingerprint_of(to_bf16(values, Route::from_f16_ftz), flat(values)), "flushed");
    expect_no_structure(as_f16(values), "f16");
  }
}

/// Training in bf16 leaves gains stuck at 1: a step up is twice as long there as one down, and both are long.
TEST(Structure, GainsStuckAtOneAreNoTable) {
  std::vector<float> gains = draw_around(0.95, 0.03, 4096, 5);
  for (std::size_t i = 0; i < gains.size(); ++i) gains[i] = i % 3 == 0 ? 1.0f : std::min(1.0f, gains[i]);
  expect_no_structure(as_bf16(gains), "gains");
}

/// Rows of tokens that were never seen: tiny and subnormal in bf16, nothing but zeros after a trip through f16.
TEST(Structure, UnusedRowsAreNotHeldAgainstAnEmbedding) {
  std::vector<float> values = draw(Law::normal, 0.02, 1000 * 64, 3);
  for (std::size_t i = 0; i < 250 * 64; ++i) values[i] *= i % 128 < 64 ? 5e-22f : 1e-37f;
  for (const Route route : {Route::rne, Route::via_f16}) {
    const Fingerprint tensor = fingerprint_of(to_bf16(values, route), {1000, 64});
    EXPECT_EQ(tensor.zero_rows, route == Route::rne ? 0u : 250u);
    const Asked asked = ask_first_four(tensor);
    EXPECT_FALSE(asked.proposal) << said(asked);
  }
}

/// Few codes are left to those who know quantisers, and fp8's to those who know significands.
TEST(Structure, DequantisedTensorsGoOn) {
  std::vector<float> int4, fp8, int8;
  const std::vector<float> drawn = draw(Law::normal, 1, 60000, 5);
  for (const float x : drawn) {
    int4.push_back(0.0123f * std::nearbyint(std::clamp(2.5f * x, -8.0f, 7.0f)));
    int8.push_back(0.0009765625f * std::nearbyint(std::clamp(40.0f * x, -127.0f, 127.0f)));
    fp8.push_back(f8_e4m3_bits_to_f32(f32_to_f8_e4m3_bits(0.02f * x)));
  }
  for (const auto& [values, scheme] : {std::pair{int4, "int4 symmetric"}, {int8, "int8 symmetric"}}) {
    Fingerprint tensor = as_bf16(values);
    tensor.blocks.schemes.push_back({scheme, 0, "tensor", 1, 1, 500, 0.0123, 0});
    expect_no_structure(tensor, scheme);
    tensor.blocks.schemes.clear();
    expect_structured(tensor, "table", scheme);
  }
  expect_no_structure(as_bf16(fp8), "fp8");
}

// Left out as a table would be, but for the powers of two alone: the interval ends where none is seen once in 40.
TEST(ZeroMantissa, WithoutPowersOfTwoItsIntervalIsThatOfNone) {
  for (const std::size_t n : {500u, 2000u, 8000u}) {
    std::vector<std::uint16_t> codes = to_bf16(draw(Law::normal, 0.02, n, n), Route::rne);
    std::erase_if(codes, [](std::uint16_t code) { return (code & 0x7f) == 0; });
    const std::optional<Measured> m = measure(fingerprint_of(codes, {static_cast<std::int64_t>(codes.size())}));
    ASSERT_TRUE(m && m->zero.around > 0) << n;
    EXPECT_EQ(m->zero.powers + m->zero.ratio + m->zero.low, 0) << n;
    const double around = static_cast<double>(m->zero.around) / m->roughness.dispersion;
    EXPECT_NEAR(std::pow(8 / (8 + m->zero.high), around), 0.025, 1e-9) << n;
  }
}

}  // namespace
}  // namespace candor::audit_internal
