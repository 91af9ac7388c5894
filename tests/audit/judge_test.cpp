// Tensors with known histories and the verdicts that they must get: the fixtures of docs/audit-theory.md by number.
#include "audit/judge/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/formats.h"
#include "tests/audit/history_support.h"

namespace candor::audit_internal {
namespace {

using enum AuditVerdict;
constexpr std::uint64_t kSeed = 7;

std::vector<std::uint16_t> weights(Route route, std::size_t count, double sigma = 0.02, std::uint64_t seed = kSeed) {
  return to_bf16(draw(Law::normal, sigma, count, seed), route, seed);
}

TensorAudit square(Route route, std::int64_t side, double sigma = 0.02) {
  return judged(fingerprint_of(weights(route, static_cast<std::size_t>(side * side), sigma), {side, side}));
}

const AuditTest& test_of(const TensorAudit& audit, std::string_view name) {
  for (const AuditTest& test : audit.evidence.tests) {
    if (test.name == name) return test;
  }
  throw std::out_of_range("no such test");
}

TEST(judge, fixture_1_genuine) {
  const TensorAudit audit = square(Route::rne, 512);
  EXPECT_EQ(audit.verdict, consistent) << audit.sentence;
  EXPECT_NEAR(static_cast<double>(audit.evidence.off_grid), 53, 4 * std::sqrt(53));
  EXPECT_NEAR(test_of(audit, "parity").statistic, 0, 3.5);
  EXPECT_NEAR(test_of(audit, "zero mantissa").statistic, 0.75, 0.06);
  EXPECT_LT(test_of(audit, "parity").bits, -1000);
  EXPECT_NEAR(audit.evidence.sigma, 0.02, 2e-4);
  EXPECT_NEAR(audit.evidence.density_at_zero, 19.95, 3);
  EXPECT_NEAR(audit.evidence.exponent_entropy, 2.543, 0.01);
  EXPECT_THAT(audit.note, testing::HasSubstr("stochastic rounding"));
}

TEST(judge, fixture_2_bf16_through_f16) {
  const TensorAudit audit = square(Route::via_f16, 512);
  EXPECT_EQ(audit.verdict, f16_grid);
  EXPECT_EQ(audit.sub, "via-f16");
  EXPECT_GE(audit.bits, 80);
  EXPECT_EQ(audit.evidence.off_grid, 0u);
  EXPECT_EQ(audit.evidence.quantum, -24);
  EXPECT_THAT(audit.sentence,
              testing::MatchesRegex("Small values lie on f16's lattice: none of .* values below 7.6e-06 "
                                    "is off it, where .* were expected.*"));
  EXPECT_EQ(audit.would_change, "one value off the lattice");
}

TEST(judge, fixture_3_f32_through_f16) {
  const TensorAudit audit = square(Route::from_f16, 512);
  EXPECT_EQ(audit.verdict, f16_grid);
  EXPECT_EQ(audit.sub, "from-f16");
  EXPECT_NEAR(test_of(audit, "parity").statistic, 64, 4);
  ASSERT_FALSE(audit.witnesses.empty());
  for (const AuditWitness& witness : audit.witnesses) {
    EXPECT_EQ(witness.what, "on f16's lattice, where bf16 is finer");
    EXPECT_EQ(witness.nearest_f16, witness.value);
    EXPECT_LT(std::fabs(witness.value), 0x1p-17);
  }
}

TEST(judge, values_on_the_lattice_are_no_witnesses_of_a_genuine_tensor) {
  for (const AuditWitness& witness : square(Route::rne, 512).witnesses) EXPECT_EQ(witness.what, "off f16's lattice");
}

TEST(judge, fixture_4_f16_with_subnormals_flushed) {
  const TensorAudit audit = square(Route::from_f16_ftz, 256);
  EXPECT_EQ(audit.verdict, f16_grid);
  EXPECT_EQ(audit.sub, "ftz");
  EXPECT_EQ(audit.evidence.below_f16_normal, 0u);
}

TEST(judge, fixture_5_tf32) {
  const TensorAudit audit = square(Route::from_tf32, 128);
  EXPECT_EQ(audit.verdict, p11_source);
  ASSERT_GT(audit.evidence.off_grid, 0u);
  EXPECT_EQ(audit.sub, "tf32");
  ASSERT_FALSE(audit.witnesses.empty());
  EXPECT_EQ(audit.witnesses[0].what, "off f16's lattice");
}

TEST(judge, fixture_6_truncated) {
  const TensorAudit audit = square(Route::truncated, 512);
  EXPECT_EQ(audit.verdict, truncated);
  EXPECT_NEAR(test_of(audit, "zero mantissa").statistic, 1, 0.06);
  EXPECT_LE(test_of(audit, "zero mantissa").low, 1);
  ASSERT_FALSE(audit.witnesses.empty());
  EXPECT_EQ(audit.witnesses[0].what, "off f16's lattice: it was not f16 that was cut off");
}

TEST(judge, fixtures_7_and_8_roundings_that_leave_no_trace) {
  for (const Route route : {Route::stochastic, Route::half_away}) {
    const TensorAudit audit = square(route, 512);
    EXPECT_EQ(audit.verdict, consistent);
    EXPECT_THAT(audit.note,
                testing::HasSubstr("stochastic rounding and rounding half away from zero are not excluded"));
  }
}

TEST(judge, fixture_9_f16_cut_off) {
  const TensorAudit audit = square(Route::f16_truncated, 1024);
  EXPECT_EQ(audit.verdict, f16_grid);
  EXPECT_EQ(audit.sub, "from-f16-truncated");
  EXPECT_NEAR(test_of(audit, "parity").statistic, 0, 3.5);
  EXPECT_NEAR(test_of(audit, "zero mantissa").statistic, 0.97, 0.04);
}

TEST(judge, fixture_10_one_value_edited) {
  std::vector<std::uint16_t> codes = weights(Route::via_f16, 512 * 512);
  codes[77'777] = 0x36ff;
  Fingerprint tensor = fingerprint_of(codes, {512, 512});
  tensor.offset = 4096;
  const TensorAudit audit = judged(tensor);
  EXPECT_EQ(audit.verdict, mixed);
  ASSERT_TRUE(audit.evidence.share);
  EXPECT_GT(*audit.evidence.share_low, 0.9);
  EXPECT_LT(*audit.evidence.share_high, 1);
  ASSERT_EQ(audit.witnesses.size(), 1u);
  const AuditWitness& witness = audit.witnesses[0];
  EXPECT_EQ(witness.index, 77'777u);
  EXPECT_THAT(witness.position, testing::ElementsAre(151, 465));
  EXPECT_EQ(witness.offset, 4096u + 2 * 77'777);
  EXPECT_EQ(witness.code, 0x36ffu);
  EXPECT_EQ(witness.nearest_f16, 0x1p-17);
}

TEST(judge, a_share_belongs_to_the_verdict) {
  std::vector<std::uint16_t> codes = weights(Route::via_f16, 512 * 512);
  codes[77'777] = 0x36ff;
  const Fingerprint tensor = fingerprint_of(codes, {512, 512});
  LabelFacts label;
  label.sub = "label-vs-config";
  label.contradiction = "config.json says float16";
  const TensorAudit audit = judge(tensor, measure(tensor), label, 40);
  EXPECT_EQ(audit.verdict, mislabelled);
  EXPECT_GT(test_of(audit, "mixture").bits, 40) << "the premise: a later question would have a share";
  EXPECT_FALSE(audit.evidence.share);
}

// Rows of one matrix, some of them genuine.
TensorAudit rows_mixed(int laundered_tenths, double threshold) {
  constexpr std::size_t kSide = 2048;
  std::vector<std::uint16_t> codes = weights(Route::rne, kSide * kSide, 0.02, 18);
  for (std::size_t i = 0; i < codes.size(); ++i) {
    if (static_cast<int>(i / kSide % 10) < laundered_tenths)
      codes[i] = to_bf16(bf16_bits_to_f32(codes[i]), Route::via_f16);
  }
  return judged(fingerprint_of(codes, {kSide, kSide}), threshold);
}

TEST(judge, fixture_11_rows_of_another_history) {
  for (const int tenths : {5, 9}) {
    const TensorAudit audit = rows_mixed(tenths, 40);
    EXPECT_EQ(audit.verdict, mixed) << tenths;
    ASSERT_TRUE(audit.evidence.share);
    EXPECT_LE(*audit.evidence.share_low, tenths / 10.0);
    EXPECT_GE(*audit.evidence.share_high, tenths / 10.0);
  }
  // A tenth of 4.2 million values gives 37 bits on average, at best: whether that is a finding is chance at 40.
  const TensorAudit few = rows_mixed(1, 40);
  const AuditTest& mixture = test_of(few, "mixture");
  EXPECT_NEAR(mixture.bits, 37, 25);
  EXPECT_EQ(few.verdict, mixture.bits >= 40 ? mixed : undecidable);
  EXPECT_LE(mixture.low, 0.1);
  EXPECT_GE(mixture.high, 0.1);
  EXPECT_EQ(rows_mixed(1, mixture.bits + 1).verdict, undecidable);
  EXPECT_EQ(rows_mixed(1, mixture.bits - 1).verdict, mixed);
}

TensorAudit gains(Route route) { return judged(fingerprint_of(to_bf16(draw_around(1, 0.1, 4096, 3), route), {4096})); }

TEST(judge, fixtures_12_and_13_gains_of_norms) {
  const TensorAudit through = gains(Route::via_f16);
  EXPECT_EQ(through.verdict, undecidable);
  EXPECT_EQ(through.sub, "no-support");
  EXPECT_EQ(test_of(through, "grid").needed, 0u);
  const TensorAudit from = gains(Route::from_f16);
  EXPECT_EQ(from.verdict, p11_source);
  EXPECT_EQ(from.sub, "f16-or-tf32");
}

TEST(judge, fixture_14_says_how_many_values_it_needs) {
  const Fingerprint tensor = fingerprint_of(weights(Route::via_f16, 4096, 1.0), {64, 64});
  const TensorAudit audit = judged(tensor, 30);
  EXPECT_EQ(audit.verdict, undecidable);
  EXPECT_EQ(audit.sub, "low-power");
  EXPECT_NEAR(static_cast<double>(test_of(audit, "grid").needed), 2.5e6, 0.4e6);  // f(0) from about 100 values: 10 %
  EXPECT_THAT(audit.would_change, testing::MatchesRegex("about 2,.00,000 values of this spread"));
}

TEST(judge, fixture_15_other_laws_are_never_called_f16) {
  for (const Law law : kAllLaws) {
    const TensorAudit audit = judged(bf16_tensor(law, 0.02, 262'144, Route::rne, 9));
    EXPECT_FALSE(is_audit_finding(audit.verdict)) << static_cast<int>(law) << audit.sentence;
  }
  // Sparse, and an adapter that took a few steps of one size from zero.
  std::vector<float> sparse = draw(Law::normal, 0.02, 65'536, 5), steps(65'536);
  for (std::size_t i = 0; i < sparse.size(); ++i) {
    if (random_unit(6, i) < 0.98) sparse[i] = 0;
    steps[i] = static_cast<float>(static_cast<int>(random_bits(8, i) % 13) - 6) * 1e-6f;
  }
  EXPECT_EQ(judged(fingerprint_of(to_bf16(sparse, Route::rne), {65'536})).verdict, structured);
  EXPECT_FALSE(is_audit_finding(judged(fingerprint_of(to_bf16(steps, Route::rne), {65'536})).verdict));
}

TEST(judge, fixture_16_tables_and_masks_are_no_findings) {
  std::vector<float> dft(256 * 256), rotary(2048 * 64), mask(512 * 512, 0.0f);
  for (std::size_t i = 0; i < dft.size(); ++i) {
    dft[i] = static_cast<float>(std::cos(2 * M_PI * static_cast<double>(i / 256 * (i % 256) % 256) / 256));
  }
  for (std::size_t i = 0; i < rotary.size(); ++i) {
    rotary[i] =
        static_cast<float>(std::sin(static_cast<double>(i / 64) * std::pow(1e4, -static_cast<double>(i % 64) / 64)));
  }
  for (std::size_t i = 0; i < mask.size(); ++i) mask[i] = i % 512 > i / 512 ? -65504.0f : 0.0f;
  for (const std::vector<float>* table : {&dft, &rotary, &mask}) {
    const auto count = static_cast<std::int64_t>(table->size());
    for (const Route route : {Route::rne, Route::from_f16}) {
      const TensorAudit audit = judged(fingerprint_of(to_bf16(*table, route), {count}));
      // Rotary tables are as smooth as weights: through f16 they do lie on its lattice.
      if (table != &rotary) {
        EXPECT_EQ(audit.verdict, structured) << audit.sentence;
      } else if (route == Route::rne) {
        EXPECT_FALSE(is_audit_finding(audit.verdict)) << audit.sentence;
      }
    }
  }
  EXPECT_EQ(judged(fingerprint_of(to_bf16(mask, Route::rne), {512, 512})).evidence.at_65536, 512u * 511 / 2);
}

TEST(judge, fixture_17_differences_of_f32_numbers_are_not_f16) {
  std::vector<float> differences(1'000'000);
  for (std::size_t i = 0; i < differences.size(); ++i) {
    const auto in_half = [&](std::uint64_t seed) { return static_cast<float>(0.5 + 0.5 * random_unit(seed, i)); };
    differences[i] = in_half(1) - in_half(2);
  }
  const TensorAudit audit = judged(fingerprint_of(to_bf16(differences, Route::rne), {1000, 1000}));
  EXPECT_LT(audit.evidence.sigma, 0.25);  // so that a gate at 0.25 would not have held
  EXPECT_EQ(audit.evidence.off_grid, 0u);
  EXPECT_EQ(audit.verdict, undecidable) << audit.sentence;
  EXPECT_EQ(audit.sub, "f16-or-differences");
}

TEST(judge, fixture_24_embedding_with_unused_rows) {
  std::vector<float> values = draw(Law::normal, 0.02, 1024 * 256, 12);
  for (std::size_t i = 0; i < 250 * 256; ++i) values[i] *= i % 512 < 256 ? 5e-22f : 1e-38f;
  const TensorAudit genuine = judged(fingerprint_of(to_bf16(values, Route::rne), {1024, 256}));
  EXPECT_EQ(genuine.verdict, consistent) << genuine.sentence;
  EXPECT_GT(genuine.evidence.subnormals, 0u);
  EXPECT_FALSE(genuine.witnesses.empty());
  const TensorAudit through = judged(fingerprint_of(to_bf16(values, Route::via_f16), {1024, 256}));
  EXPECT_EQ(through.verdict, f16_grid) << through.sentence;
  EXPECT_EQ(through.evidence.zero_rows, 250u);
}

TEST(judge, fixture_25_nothing_to_judge) {
  const auto verdict_on = [](std::vector<std::uint16_t> codes, std::vector<std::int64_t> shape) {
    return judged(fingerprint_of(codes, shape)).verdict;
  };
  const auto nothing = testing::AnyOf(structured, undecidable);
  EXPECT_THAT(verdict_on(std::vector<std::uint16_t>(1000, 0), {1000}), nothing);
  EXPECT_EQ(verdict_on(std::vector<std::uint16_t>(1000, 0x3f80), {1000}), structured);
  EXPECT_THAT(verdict_on({0x3f80}, {}), nothing);
  EXPECT_THAT(verdict_on({}, {0}), nothing);
  EXPECT_THAT(verdict_on({}, {4, 0}), nothing);
  EXPECT_THAT(verdict_on(std::vector<std::uint16_t>(1000, 0x7fc0), {1000}), nothing);
  EXPECT_THAT(verdict_on({0x7f80, 0xff80, 0x7f80}, {3}), nothing);
}

}  // namespace
}  // namespace candor::audit_internal
