#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "audit/judge/steps.h"
#include "core/formats.h"
#include "tests/audit/ask.h"
#include "tests/audit/recipes.h"
#include "tests/audit/tables.h"

namespace candor::audit_internal {
namespace {

using ::testing::HasSubstr;

Fingerprint labelled(const std::vector<std::uint16_t>& codes, DType dtype) {
  return fingerprint_of(codes, {static_cast<std::int64_t>(codes.size())}, dtype);
}

std::vector<std::uint16_t> swapped(std::vector<std::uint16_t> codes) {
  for (std::uint16_t& code : codes) code = static_cast<std::uint16_t>(code >> 8 | code << 8);
  return codes;
}

std::vector<std::uint16_t> integers(double sigma, std::size_t n, std::uint64_t seed) {
  std::vector<std::uint16_t> codes;
  for (const float x : draw(Law::normal, sigma, n, seed))
    codes.push_back(static_cast<std::uint16_t>(static_cast<int>(std::lround(std::clamp(x, -32768.0f, 32767.0f)))));
  return codes;
}

void expect_mislabelled(const Fingerprint& tensor, const char* sub, const std::string& what) {
  const Asked asked = ask_first_four(tensor);
  EXPECT_EQ(asked.verdict(), AuditVerdict::mislabelled) << what << ": " << said(asked);
  EXPECT_EQ(asked.sub(), sub) << what;
}

constexpr Law kWeightLaws[] = {Law::normal, Law::laplace, Law::t3, Law::scale_mixture, Law::pruned};

TEST(BitView, F16BitsCalledBf16) {
  for (const Law law : kWeightLaws)
    for (const double sigma : {0.005, 0.013, 0.02, 0.05, 0.3})
      for (const std::size_t n : {30000u, 262144u}) {
        const auto codes = to_f16(draw(law, sigma, n, 7 + static_cast<std::size_t>(law)));
        expect_mislabelled(labelled(codes, DType::bf16), "bit-view",
                           "law " + std::to_string(static_cast<int>(law)) + " sigma " + std::to_string(sigma));
      }
}

TEST(BitView, Bf16BitsCalledF16) {
  for (const Law law : kWeightLaws)
    for (const double sigma : {0.005, 0.013, 0.02, 0.05, 0.3}) {
      const auto codes = to_bf16(draw(law, sigma, 100000, 8 + static_cast<std::size_t>(law)), Route::rne);
      expect_mislabelled(labelled(codes, DType::f16), "bit-view",
                         "law " + std::to_string(static_cast<int>(law)) + " sigma " + std::to_string(sigma));
    }
}

TEST(BitView, SwappedBytes) {
  for (const Law law : kWeightLaws)
    for (const double sigma : {0.005, 0.02, 1.0})
      for (const std::size_t n : {2000u, 262144u}) {
        const std::vector<float> values = draw(law, sigma, n, 9);
        expect_mislabelled(labelled(swapped(to_bf16(values, Route::rne)), DType::bf16), "byte-swapped", "bf16");
        expect_mislabelled(labelled(swapped(to_f16(values)), DType::f16), "byte-swapped", "f16");
      }
}

TEST(BitView, SwappedBytesOutrankASchemeThatExplainsLess) {
  const auto codes = swapped(to_bf16(draw(Law::normal, 0.02, 65536, 5), Route::rne));
  Fingerprint tensor = labelled(codes, DType::bf16);
  AuditBlockScheme scheme;
  scheme.name = "fp8 e5m2";
  scheme.bits = 131;
  tensor.blocks.schemes = {scheme};
  expect_mislabelled(tensor, "byte-swapped", "a scheme of 131 bits");
  tensor.blocks.schemes[0].bits = 1e7;
  const Asked asked = ask_first_four(tensor);
  EXPECT_NE(asked.sub(), "byte-swapped") << said(asked);
  Fingerprint steps = labelled(to_f16(draw(Law::normal, 0.02, 262144, 6)), DType::bf16);
  steps.blocks.schemes = {scheme};
  EXPECT_NE(ask_first_four(steps).sub(), "bit-view") << "steps may be a quantiser's";
}

TEST(BitView, Integers) {
  for (const double sigma : {20.0, 300.0, 3000.0, 8000.0}) {
    const Asked asked = ask_first_four(labelled(integers(sigma, 20000, 11), DType::bf16));
    EXPECT_EQ(asked.sub(), "bit-view") << sigma << said(asked);
    EXPECT_THAT(said(asked), HasSubstr("16-bit integers")) << sigma;
  }
  std::vector<std::uint16_t> noise;
  for (std::size_t i = 0; i < 100000; ++i) noise.push_back(static_cast<std::uint16_t>(random_bits(1, i)));
  const Asked asked = ask(ask_bit_view, labelled(noise, DType::bf16));
  EXPECT_THAT(said(asked), testing::AllOf(HasSubstr("different NaNs"), testing::Not(HasSubstr("16-bit integers"))));
}

/// Wherever the step is, a window finds it and what it is worth; where there is none, nothing speaks for one.
TEST(BitView, StepsAreFoundWhereTheyAre) {
  const StepWindow level = {1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000};
  const StepWindow doubled = {500, 500, 500, 500, 1000, 1000, 1000, 1000};
  const StepWindow rising = {8, 16, 32, 64, 128, 256, 512, 1024};
  EXPECT_LT(measure_steps({level}, std::log(2.0)).bits, -100);
  EXPECT_LT(measure_steps({rising}, std::log(2.0)).bits, -15);
  EXPECT_LT(measure_steps({level, rising}, 0).bits, 0);
  EXPECT_NEAR(fit_free_step(doubled).step, std::log(2.0), 1e-6);
  EXPECT_NEAR(fit_with_step(rising, 0).slope, std::log(2.0), 1e-6);
  // 0.0217 bits a value: a line takes three quarters of a step's variance.
  EXPECT_NEAR(measure_steps({doubled}, std::log(2.0)).bits / 6000, 0.0217, 0.003);
  EXPECT_TRUE(measure_steps({doubled}, std::log(2.0)).fits());
  EXPECT_FALSE(measure_steps({StepWindow{1, 2, 500, 1, 1, 900, 1, 1}}, std::log(2.0)).fits());
}

// From here on: what must never be called mislabelled.

void expect_label_stands(const Fingerprint& tensor, const std::string& what) {
  const Asked asked = ask(ask_bit_view, tensor);
  EXPECT_FALSE(asked.proposal) << what << ": " << said(asked) << " " << asked.proposal->bits;
  for (const AuditTest& test : asked.evidence.tests) EXPECT_LT(test.bits, 20) << what << ": " << test.name;
}

TEST(BitView, EveryRouteAndLawKeepsItsLabel) {
  for (const Law law : kAllLaws)
    for (const Route route : kAllRoutes)
      for (const double sigma : {1e-12, 0.003, 0.02, 1.0, 500.0}) {
        const std::vector<float> values = draw(law, sigma, 60000, 21 + static_cast<std::size_t>(route));
        expect_label_stands(labelled(to_bf16(values, route), DType::bf16), "bf16");
        if (route == Route::rne && sigma < 100) expect_label_stands(labelled(to_f16(values), DType::f16), "f16");
      }
}

/// Broad laws on the logarithmic scale: optimiser states, and what no weights are.
TEST(BitView, BroadLawsKeepTheirLabel) {
  for (const double width : {0.5, 2.0, 4.0, 8.0, 16.0, 40.0})
    for (const double centre : {-60.3, -17.0, -7.7, 0.0})
      for (std::uint64_t seed = 0; seed < 4; ++seed) {
        const std::vector<float> normal = draw(Law::normal, width, 100000, 100 + seed);
        const std::vector<float> flat = draw(Law::uniform, width, 100000, 200 + seed);
        std::vector<float> log_normal, log_uniform, two;
        for (std::size_t i = 0; i < normal.size(); ++i) {
          const double low = std::max(-126.0, centre + static_cast<double>(normal[i]));
          log_normal.push_back(static_cast<float>(std::exp2(low)));
          log_uniform.push_back(static_cast<float>(std::exp2(std::max(-126.0, centre + static_cast<double>(flat[i])))));
          two.push_back(i % 3 == 0 ? log_normal[i] : static_cast<float>(std::exp2(low + 11.5)));
        }
        for (const auto& values : {log_normal, log_uniform, two}) {
          expect_label_stands(labelled(to_bf16(values, Route::rne), DType::bf16), "width " + std::to_string(width));
          expect_label_stands(labelled(to_f16(values), DType::f16), "f16, width " + std::to_string(width));
        }
      }
}

TEST(BitView, OddTensorsKeepTheirLabel) {
  std::vector<float> embedding = draw(Law::normal, 0.02, 200000, 31);
  for (std::size_t i = 0; i < 40000; ++i) embedding[i] *= 5e-22f;
  for (std::size_t i = 40000; i < 41000; ++i) embedding[i] *= 1e-36f;
  expect_label_stands(labelled(to_bf16(embedding, Route::rne), DType::bf16), "rows of 1e-23 and subnormals");
  std::vector<float> counts;
  for (const float x : draw(Law::laplace, 90, 50000, 32)) counts.push_back(std::nearbyint(x));
  expect_label_stands(labelled(to_bf16(counts, Route::rne), DType::bf16), "integers as values");
  for (const float blocked : {-65504.0f, -3.4e38f, 1e30f})
    expect_label_stands(labelled(to_bf16(causal_mask(128, blocked), Route::rne), DType::bf16), "mask");
  for (const auto& table : {dft_basis(256), rotary_table(2048, 64, false), alibi(8, 2048), alibi(16, 2048)}) {
    expect_label_stands(labelled(to_bf16(table, Route::rne), DType::bf16), "table");
    expect_label_stands(labelled(to_f16(table), DType::f16), "table");
  }
  std::vector<float> flood = draw(Law::normal, 0.02, 5000, 33);
  for (std::size_t i = 0; i < 2500; ++i) flood[i] = std::nanf("");
  expect_label_stands(labelled(to_bf16(flood, Route::rne), DType::bf16), "NaN flood");
  std::vector<std::uint16_t> e5m2;  // over all octaves: the lower byte is zero, swapped it would be the exponent
  for (std::size_t i = 0; i < 20000; ++i) e5m2.push_back(static_cast<std::uint16_t>(random_bits(9, i) % 124 << 8));
  expect_label_stands(labelled(e5m2, DType::f16), "e5m2 in f16");
  std::vector<float> powers;
  for (const float x : draw(Law::normal, 3, 50000, 34)) powers.push_back(std::exp2(std::nearbyint(x)));
  expect_label_stands(labelled(to_bf16(powers, Route::rne), DType::bf16), "powers of two");
  for (const double spread : {0.002, 0.02, 0.1, 0.4})
    for (const double mean : {1.0, 1.5, 8.0}) {
      const std::vector<float> gains = draw_around(mean, spread, 100000, 35);
      expect_label_stands(labelled(to_bf16(gains, Route::rne), DType::bf16), "gains");
      expect_label_stands(labelled(to_f16(gains), DType::f16), "gains");
      expect_label_stands(labelled(to_f16(widen(to_bf16(gains, Route::rne))), DType::f16), "bf16 gains in f16");
    }
}

/// Few codes per block, spikes everywhere: what quantisers leave is no other format's either.
TEST(BitView, DequantisedTensorsKeepTheirLabel) {
  for (const std::size_t block : {32u, 128u, 4096u, 100000u})
    for (const int levels : {1, 7, 127})
      for (std::uint64_t seed = 0; seed < 6; ++seed) {
        std::vector<float> values = draw(kAllLaws[seed], 0.02, 100000, 300 + seed), fp8 = values;
        for (std::size_t i = 0; i < values.size(); ++i) {
          const float most = 0.05f + 0.05f * static_cast<float>(random_unit(seed, i / block));
          const float scale = most / static_cast<float>(levels);
          values[i] = scale * std::nearbyint(std::clamp(values[i], -most, most) / scale);
          fp8[i] = most / 448 * f8_e4m3_bits_to_f32(f32_to_f8_e4m3_bits(std::clamp(fp8[i] / most, -1.0f, 1.0f) * 448));
        }
        for (const auto& tensor : {values, fp8}) {
          const std::string what = "levels " + std::to_string(levels) + ", block " + std::to_string(block);
          expect_label_stands(labelled(to_bf16(tensor, Route::rne), DType::bf16), what);
          expect_label_stands(labelled(to_f16(tensor), DType::f16), what);
        }
      }
}

/// Thousands of genuine tensors of all sizes, scales and laws: evidence is not made of chance.
TEST(BitView, ThousandsOfGenuineTensors) {
  double most = -1e9;
  for (std::uint64_t i = 0; i < 4000; ++i) {
    const Law law = kAllLaws[i % 8];
    const auto n = static_cast<std::size_t>(std::exp2(6 + 10 * random_unit(50, i)));
    const double sigma = std::exp2(-12 + 14 * random_unit(51, i));
    const std::vector<float> values = draw(law, sigma, n, 1000 + i);
    const bool half = i % 3 == 0;
    const Asked asked = ask(
        ask_bit_view, half ? labelled(to_f16(values), DType::f16) : labelled(to_bf16(values, Route::rne), DType::bf16));
    EXPECT_FALSE(asked.proposal) << i << said(asked);
    for (const AuditTest& test : asked.evidence.tests) most = std::max(most, test.bits);
  }
  EXPECT_LT(most, 15);
  RecordProperty("most_bits", std::to_string(most));
}

}  // namespace
}  // namespace candor::audit_internal
