// What holds for every verdict: who is asked, what is recorded, and that nothing depends on chance or on repeats.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "audit/judge/judge.h"
#include "audit/judge/likelihood.h"
#include "audit/judge/measured.h"
#include "audit/judge/pool.h"
#include "audit/judge/tails.h"
#include "tests/audit/history_support.h"

namespace candor::audit_internal {
namespace {

using enum AuditVerdict;

std::vector<std::uint16_t> weights(Route route, std::size_t count, std::uint64_t seed, double sigma = 0.02) {
  return to_bf16(draw(Law::normal, sigma, count, seed), route, seed);
}

std::vector<std::string> names_of(const std::vector<AuditTest>& tests) {
  std::vector<std::string> names;
  for (const AuditTest& test : tests) names.push_back(test.name);
  return names;
}

TEST(judge_glue, a_contradicting_label_decides_and_all_tests_are_recorded) {
  const Fingerprint tensor = fingerprint_of(weights(Route::via_f16, 262'144, 7), {512, 512});
  const TensorAudit audit =
      judge(tensor, measure(tensor), {"config.json says float16, the header BF16", "label-vs-config"}, 40);
  EXPECT_EQ(audit.verdict, mislabelled);
  EXPECT_EQ(audit.sub, "label-vs-config");
  EXPECT_GE(audit.bits, 40);
  EXPECT_THAT(names_of(audit.evidence.tests),
              testing::IsSupersetOf({"label", "smoothness", "parity", "zero mantissa", "grid", "mixture"}));
  EXPECT_EQ(audit.evidence.histories.size(), 7u);
  EXPECT_THAT(audit.note, testing::StartsWith("the values themselves are f16-grid/via-f16: "));
  const Fingerprint genuine = fingerprint_of(weights(Route::rne, 262'144, 7), {512, 512});
  EXPECT_EQ(judge(genuine, measure(genuine), {"the file's name says f16", "label-vs-name"}, 40).note, "");
}

// Bytes in the wrong order have no history: what they look like is not told beside the verdict.
TEST(judge_glue, of_swapped_bytes_no_history_is_told) {
  std::vector<std::uint16_t> codes = weights(Route::rne, 65'536, 5);
  for (std::uint16_t& code : codes) code = static_cast<std::uint16_t>(code >> 8 | code << 8);
  Fingerprint tensor = fingerprint_of(codes, {256, 256});
  AuditBlockScheme by_chance;
  by_chance.name = "fp8 e5m2";
  by_chance.tested = by_chance.fitting = 10;
  by_chance.bits = 131;
  tensor.blocks.schemes = {by_chance};
  tensor.blocks.sampled = 10;
  const TensorAudit audit = judge(tensor, measure(tensor), {}, 40);
  EXPECT_EQ(audit.verdict, mislabelled);
  EXPECT_EQ(audit.sub, "byte-swapped");
  EXPECT_EQ(audit.note, "");
}

TEST(judge_glue, wide_tensors_with_bf16_values_are_tested_too) {
  const std::vector<float> wide = widen(weights(Route::from_f16, 65'536, 3));
  const HistoryAnswer answer = ask_both(fingerprint_of(wide, {256, 256}));
  EXPECT_EQ(answer.proposal.verdict, f16_grid);
  EXPECT_GT(answer.test("parity").bits, 40);
}

TEST(judge_glue, other_dtypes_are_left_to_others) {
  const Fingerprint f16 = fingerprint_of(to_f16(draw(Law::normal, 0.02, 4096, 1)), {4096}, DType::f16);
  const HistoryAnswer answer = ask_both(f16);
  for (const AuditTest& test : answer.evidence.tests) EXPECT_FALSE(test.not_run.empty()) << test.name;
  EXPECT_EQ(judged(f16).verdict, consistent);
  Fingerprint integers;
  integers.dtype = DType::i32;
  integers.type_name = "I32";
  EXPECT_EQ(judged(integers).verdict, unsupported);
  EXPECT_EQ(judged(integers).would_change, "");
  integers.type_name = "V2";
  EXPECT_EQ(judged(integers).sentence, "Values of dtype V2 are not judged.");
  EXPECT_EQ(judged(integers).would_change, "--v2-as-bf16, if they are bf16");
}

// Their codes are no magnitudes: as bits of f32 they would be subnormals, and sixteen bits folded to seven.
TEST(judge_glue, of_dtypes_that_are_not_read_only_codes_and_zeros_are_counted) {
  for (const DType dtype : {DType::i16, DType::u8, DType::bool_, DType::f8_e8m0}) {
    Fingerprint tensor;
    tensor.dtype = tensor.code_dtype = dtype;
    tensor.type_name = dtype_name(dtype);
    const std::uint32_t last = dtype == DType::i16 ? 0xffff : 0xff;
    for (const std::uint32_t code : {0u, 1u, 0x80u, last}) tensor.codes.emplace_back(code, 3);
    tensor.elements = 12;
    const AuditEvidence evidence = judged(tensor).evidence;
    EXPECT_EQ(evidence.distinct, 4u) << dtype_name(dtype);
    EXPECT_EQ(evidence.zeros, is_floating(dtype) ? 0u : 3u) << dtype_name(dtype);
    EXPECT_EQ(evidence.sigma, 0) << dtype_name(dtype);
    EXPECT_EQ(evidence.largest, 0) << dtype_name(dtype);
    EXPECT_EQ(evidence.below_f16_normal + evidence.subnormals + evidence.off_grid, 0u) << dtype_name(dtype);
    EXPECT_TRUE(evidence.binades.empty()) << dtype_name(dtype);
  }
}

TEST(judge_glue, the_same_tensor_gets_the_same_p_values) {
  const Fingerprint tensor = fingerprint_of(weights(Route::rne, 65'536, 5), {65'536});
  Fingerprint other = tensor;
  other.identity ^= 1;
  const HistoryAnswer first = ask_both(tensor), again = ask_both(tensor), differing = ask_both(other);
  EXPECT_EQ(first.test("grid").p_value, again.test("grid").p_value);
  EXPECT_NE(first.test("grid").p_value, differing.test("grid").p_value);
  EXPECT_EQ(first.test("grid").bits, differing.test("grid").bits);  // bits are never randomised
}

TEST(judge_glue, p_values_of_likelihood_ratios_are_bounds) {
  const std::set<std::string> tails = {"label", "smoothness", "parity", "zero mantissa", "grid", "gap"};
  std::set<std::string> bounds;
  const std::vector<std::uint16_t> codes = weights(Route::via_f16, 262'144, 7), constant(4096, 0x3f80);
  const std::vector<float> wide = widen(codes);
  for (const Fingerprint& tensor : {fingerprint_of(codes, {512, 512}), fingerprint_of(constant, {4096}),
                                    fingerprint_of(to_f16(draw(Law::normal, 0.02, 65'536, 1)), {65'536}, DType::bf16),
                                    fingerprint_of(wide, {512, 512})}) {
    for (const AuditTest& test : judged(tensor).evidence.tests) {
      if (test.p_is_bound) bounds.insert(test.name);
      const double bound = std::exp2(-std::clamp(test.bits, 0.0, 1000.0));
      EXPECT_TRUE(!test.p_is_bound || test.p_value == bound) << test.name;
      EXPECT_TRUE(!test.not_run.empty() || tails.contains(test.name) || test.p_is_bound || test.p_value == 1)
          << test.name;
    }
  }
  EXPECT_THAT(bounds, testing::IsSupersetOf({"structure", "bit view", "significand", "quantum", "mixture"}));
  for (const std::string& name : tails) EXPECT_FALSE(bounds.contains(name)) << name;
}

// A buffer element that is written over and over is one piece of evidence.
TEST(judge_glue, a_repeated_constant_on_the_lattice_is_no_evidence) {
  std::vector<std::uint16_t> codes = weights(Route::rne, 1 << 20, 11);
  for (std::size_t i = 0; i < codes.size(); i += 64) codes[i] = 0x3580;  // 2^-20, 16,384 times
  const Fingerprint tensor = fingerprint_of(codes, {1 << 20});
  const HistoryAnswer answer = ask_both(tensor);
  EXPECT_FALSE(is_audit_finding(answer.proposal.verdict)) << answer.proposal.sentence;
  // Were each of 16,384 one piece of evidence, a tenth of the values through f16 would be thousands of bits likelier.
  EXPECT_LT(measure(tensor)->of(History::via_f16).small.bits_at(0.1), 20);
}

// Constants are even codes as a rule; a few per cent of them would look like ties gone to even.
TEST(judge_glue, constants_among_the_values_do_not_tip_parity) {
  std::vector<std::uint16_t> codes = weights(Route::rne, 1 << 18, 12);
  for (std::size_t i = 0; i < codes.size(); i += 10) codes[i] = i % 20 == 0 ? 0x3c20 : 0x3d40;
  const HistoryAnswer answer = ask_both(fingerprint_of(codes, {1 << 18}));
  EXPECT_FALSE(is_audit_finding(answer.proposal.verdict)) << answer.proposal.sentence;
  EXPECT_LT(std::abs(answer.test("parity").statistic), 4.5);  // 26,214 even codes more make z about 50
}

TEST(judge_glue, a_power_of_two_scale_of_f16_is_a_lattice_without_a_name) {
  std::vector<float> values = draw(Law::normal, 0.02, 1 << 18, 13);
  for (float& x : values) x = through_f16(to_bf16(x, Route::rne) == 0 ? 0 : widen({to_bf16(x, Route::rne)})[0]) / 8;
  const TensorAudit audit = judged(fingerprint_of(to_bf16(values, Route::rne), {1 << 18}));
  EXPECT_EQ(audit.verdict, undecidable) << audit.sentence;
  EXPECT_EQ(audit.sub, "other-grid");
  EXPECT_EQ(audit.evidence.quantum, -27);
}

TEST(judge_glue, constants_beyond_f16_exclude_it) {
  std::vector<std::uint16_t> codes = weights(Route::from_tf32, 16'384, 14, 1.0);
  codes[5] = 0x4800;  // 131072
  const TensorAudit audit = judged(fingerprint_of(codes, {16'384}));
  EXPECT_EQ(audit.verdict, p11_source);
  EXPECT_EQ(audit.sub, "tf32");
  codes[5] = 0x4780;  // 65536 is what f16's largest values become
  EXPECT_EQ(judged(fingerprint_of(codes, {16'384})).sub, "f16-or-tf32");
}

TEST(judge_glue, an_element_of_two_classes_is_one_witness) {
  std::vector<std::uint16_t> mask(64 * 64, 0);
  for (std::size_t i = 0; i < mask.size(); ++i) mask[i] = i % 64 > i / 64 ? 0xc780 : 0;  // -65536
  std::vector<std::uint16_t> codes = weights(Route::rne, 4096, 15);
  codes[9] = 0x0001;                                       // off the lattice and subnormal
  codes[10] = codes[12] = codes[14] = codes[16] = 0x4780;  // 65536, four times: beside three, the rest
  codes[18] = 0x4800;
  const std::vector<AuditWitness> of_mask = judged(fingerprint_of(mask, {64, 64})).witnesses;
  ASSERT_EQ(of_mask.size(), 8u);
  for (const std::vector<AuditWitness>& witnesses : {of_mask, judged(fingerprint_of(codes, {4096})).witnesses}) {
    std::set<std::uint64_t> places;
    for (const AuditWitness& w : witnesses) {
      EXPECT_TRUE(places.insert(w.index).second) << w.index << " " << w.what;
      EXPECT_EQ(std::fabs(w.value) == 65536, w.what == "65536: what f16's largest values become") << w.index;
      EXPECT_EQ(w.what == "above f16's range", w.index == 18) << w.what;
    }
  }
}

EvidencePool pool_of(Route route, std::size_t tensors, std::size_t elements, double sigma = 0.02) {
  EvidencePool pool(40);
  for (std::size_t i = 0; i < tensors; ++i) {
    const Fingerprint tensor =
        fingerprint_of(weights(route, elements, 100 + i, sigma), {static_cast<std::int64_t>(elements)});
    pool.add(tensor.identity, measure(tensor));
  }
  return pool;
}

TEST(pool, genuine_tensors_give_nothing_though_some_show_no_value_off_the_lattice) {
  const EvidencePool pool = pool_of(Route::rne, 300, 4096);
  EXPECT_FALSE(pool.propose());
  for (const AuditTest& test : pool.tests()) EXPECT_LT(test.bits, 10) << test.name;
}

TEST(pool, small_tensors_are_found_together) {
  const std::optional<Proposal> through = pool_of(Route::via_f16, 60, 8192).propose();
  ASSERT_TRUE(through);
  EXPECT_EQ(through->verdict, f16_grid);
  EXPECT_NE(through->sub, "from-f16");
  const std::optional<Proposal> from = pool_of(Route::from_tf32, 20, 1024).propose();
  ASSERT_TRUE(from);
  EXPECT_EQ(from->verdict, p11_source);
  const std::optional<Proposal> cut = pool_of(Route::truncated, 60, 8192).propose();
  ASSERT_TRUE(cut);
  EXPECT_EQ(cut->verdict, truncated);
}

TEST(pool, a_tied_tensor_counts_once) {
  EvidencePool pool(40);
  const Fingerprint tensor = fingerprint_of(weights(Route::from_f16, 1024, 1), {1024});
  for (int i = 0; i < 20; ++i) pool.add(tensor.identity, measure(tensor));
  EXPECT_FALSE(pool.propose());
  EXPECT_LE(pool.tests()[0].used, 1024u);
}

TEST(share_likelihood, is_the_sum_of_its_terms_in_any_order) {
  struct Term {
    double weight, ratio;
  };
  std::vector<Term> terms;
  for (int i = 0; i < 1000; ++i) terms.push_back({1.0 + i % 7, 0.25 + 0.01 * ((i * 37) % 101)});
  ShareLikelihood all, first;
  double sum = 0;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    (i < 500 ? first : all).add(terms[i].weight, terms[i].ratio);
    sum += terms[i].weight * std::log1p(0.3 * (terms[i].ratio - 1));
  }
  all.append(first);
  EXPECT_NEAR(all.at(0.3), sum, 1e-9);
  ShareLikelihood copy = all;
  copy.compact();
  EXPECT_NEAR(copy.at(0.3), sum, 1e-9);
  for (const Term& term : terms) copy.add(-term.weight, term.ratio);  // after compact() too
  EXPECT_NEAR(copy.at(0.3), 0, 1e-9);
  ShareLikelihood moved = std::move(copy);
  copy = {};
  copy.add(1, 0.5);
  EXPECT_NEAR(copy.at(1), std::log(0.5), 1e-12);
}

TEST(tails, agree_with_exact_sums) {
  EXPECT_NEAR(normal_tail_bits(0), 1, 1e-12);
  EXPECT_NEAR(normal_tail_bits(6), 29.917, 1e-3);
  EXPECT_NEAR(normal_tail_bits(29.999999), normal_tail_bits(30.000001), 1e-3);
  EXPECT_NEAR(binomial_upper_tail(20, 20, 0.5).bits(), 20, 1e-9);
  EXPECT_NEAR(binomial_upper_tail(0, 20, 0.5).bits(), 0, 1e-9);
  EXPECT_NEAR(binomial_upper_tail(11, 20, 0.5).p_value(0), 0.2517223, 1e-6);  // P(X >= 12)
  EXPECT_NEAR(binomial_upper_tail(11, 20, 0.5).p_value(1), 0.4119015, 1e-6);  // P(X >= 11)
  EXPECT_NEAR(binomial_upper_tail(5, 20, 0.5).p_value(1), 0.9940910, 1e-6);   // below the mean
  // As many values as a fingerprint may claim: a normal law, and an end.
  constexpr std::uint64_t kMany = std::uint64_t{1} << 40;
  EXPECT_NEAR(binomial_upper_tail(kMany / 2 + (kMany >> 20) * 3 / 2, kMany, 0.5).bits(), normal_tail_bits(3), 1e-3);
  constexpr std::uint64_t kFew = std::uint64_t{1} << 32;  // by log factorials still
  EXPECT_NEAR(binomial_upper_tail(kFew / 2 + (kFew >> 16) * 3 / 2, kFew, 0.5).bits(), normal_tail_bits(3), 1e-3);
  EXPECT_GT(binomial_upper_tail(std::uint64_t{3} << 60, std::uint64_t{1} << 62, 0.75).p_value(1), 0.4);
  // Two codes of four of which two are marked, one of them narrow: enumerated with three quarters of a value per code.
  const Draws one{128, 1, 1};
  const double odds = one.power_odds();
  EXPECT_NEAR(odds, 0.75, 1e-3);
  EXPECT_NEAR(marked_upper_tail({one}, 1).p_value(1), odds / (odds + 127), 1e-12);
  EXPECT_NEAR(marked_upper_tail({one, one}, 2).bits(), 2 * marked_upper_tail({one}, 1).bits(), 1e-9);
}

}  // namespace
}  // namespace candor::audit_internal
