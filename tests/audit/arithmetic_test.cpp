// Genuine bf16 that was computed from bf16: averages, merges, products, training. Ties and small differences make it
// look like f16 to a test that only asks what is likelier; none of it may be called laundered.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <map>
#include <mutex>
#include <string>

#include "audit/judge/pool.h"
#include "tests/audit/history_support.h"

namespace candor::audit_internal {
namespace {

constexpr std::size_t kCount = 1 << 20;

float rounded(float x) { return widen({to_bf16(x, Route::rne)})[0]; }

std::vector<float> bf16_draws(double sigma, std::uint64_t seed, std::size_t count = kCount) {
  return widen(to_bf16(draw(Law::normal, sigma, count, seed), Route::rne));
}

template <typename Each>
HistoryAnswer computed(Each each) {
  std::vector<float> values(kCount);
  for (std::size_t i = 0; i < kCount; ++i) values[i] = each(i);
  return ask_both(fingerprint_of(to_bf16(values, Route::rne), {1024, 1024}));
}

void expect_no_finding(const char* what, const HistoryAnswer& answer) {
  EXPECT_FALSE(is_audit_finding(answer.proposal.verdict)) << what << ": " << answer.proposal.sentence;
}

TEST(arithmetic, averages_of_checkpoints_are_no_findings) {
  const std::vector<float> a = bf16_draws(0.02, 1), b = bf16_draws(0.02, 2);
  const HistoryAnswer apart = computed([&](std::size_t i) { return (a[i] + b[i]) / 2; });
  expect_no_finding("average of two", apart);
  EXPECT_EQ(apart.proposal.sub, "bf16-arithmetic");
  EXPECT_GT(apart.test("parity").bits, 40);  // the likelihood alone would have been sure
  for (const double step : {1e-3, 1e-4}) {
    const std::vector<float> delta = draw(Law::normal, step, kCount, 3);
    const auto tuned = [&](std::size_t i) { return rounded(a[i] + delta[i]); };
    expect_no_finding("average with a fine-tune", computed([&](std::size_t i) { return (a[i] + tuned(i)) / 2; }));
    expect_no_finding("weighted average", computed([&](std::size_t i) { return 0.3f * a[i] + 0.7f * tuned(i); }));
    expect_no_finding("average of three", computed([&](std::size_t i) { return (a[i] + tuned(i) + b[i]) / 3; }));
  }
}

TEST(arithmetic, merged_adapters_are_no_findings) {
  const std::vector<float> a = bf16_draws(0.02, 1);
  for (const double sigma : {1e-2, 1e-3, 1e-4, 1e-5, 1e-6}) {
    const std::vector<float> narrow = bf16_draws(sigma, 4), wide = draw(Law::normal, sigma, kCount, 5);
    expect_no_finding("bf16 delta", computed([&](std::size_t i) { return a[i] + narrow[i]; }));
    const HistoryAnswer exact = computed([&](std::size_t i) { return a[i] + wide[i]; });
    expect_no_finding("f32 delta", exact);
  }
}

TEST(arithmetic, scales_that_were_folded_in_are_no_findings) {
  const std::vector<float> a = bf16_draws(0.02, 1), gains = bf16_draws(0.005, 6), wide_gains = bf16_draws(0.2, 7);
  for (const float scale : {0.7f, 1.1f, 0.70703125f, 0.125f, 1.5f}) {
    expect_no_finding("one scale", computed([&](std::size_t i) { return a[i] * scale; }));
  }
  expect_no_finding("narrow gains", computed([&](std::size_t i) { return a[i] * rounded(1 + gains[i / 1024]); }));
  expect_no_finding("wide gains", computed([&](std::size_t i) { return a[i] * rounded(1 + wide_gains[i % 1024]); }));
}

// Two roundings in bf16 put some codes upon one another and leave others empty.
TEST(arithmetic, weights_times_a_constant_in_bf16_are_rough) {
  for (const float factor : {0.7f, 1.1f, 1.5f}) {
    std::vector<float> values = widen(to_bf16(draw(Law::normal, 0.02, 262'144, 5), Route::rne));
    const float constant = widen(to_bf16(std::vector<float>{factor}, Route::rne))[0];
    for (float& value : values) value *= constant;
    const TensorAudit audit = judged(fingerprint_of(to_bf16(values, Route::rne), {512, 512}));
    EXPECT_EQ(audit.verdict, AuditVerdict::structured) << factor;
    EXPECT_EQ(audit.sub, "rough") << factor;
  }
}

TEST(arithmetic, training_in_bf16_is_consistent) {
  std::vector<float> w = bf16_draws(0.02, 1);
  for (std::uint64_t step = 0; step < 20; ++step) {
    for (std::size_t i = 0; i < w.size(); ++i) {
      w[i] = rounded(w[i] - 3e-5f * static_cast<float>(2 * random_unit(50 + step, i) - 1));
    }
  }
  const HistoryAnswer answer = ask_both(fingerprint_of(to_bf16(w, Route::rne), {1024, 1024}));
  EXPECT_EQ(answer.proposal.verdict, AuditVerdict::consistent) << answer.proposal.sentence;
}

// A bf16 update that was merged into every fourth value: sums on ties there, ordinary small values elsewhere.
std::vector<float> partly_merged(std::size_t count) {
  std::vector<float> w = bf16_draws(0.04, 11, count);
  const std::vector<float> update = bf16_draws(2e-3, 12, count);
  for (std::size_t i = 0; i < count; i += 4) w[i] = rounded(w[i] + update[i]);
  return w;
}

TEST(arithmetic, a_partial_merge_is_consistent_and_said_to_be_arithmetic) {
  const std::vector<float> w = partly_merged(1 << 18);
  const HistoryAnswer answer = ask_both(fingerprint_of(to_bf16(w, Route::rne), {512, 512}));
  EXPECT_GT(answer.test("parity").statistic, 6) << "the premise: even codes are in surplus";
  EXPECT_EQ(answer.proposal.verdict, AuditVerdict::consistent) << answer.proposal.sentence;
  EXPECT_EQ(answer.proposal.sub, "bf16-arithmetic");
  EXPECT_THAT(answer.proposal.sentence, testing::HasSubstr("codes are even, where a single rounding leaves 50 %"));
}

// One value in six cut off: too little for a finding, but no surplus of even codes either, which sums would leave.
TEST(arithmetic, a_part_that_was_cut_off_is_not_called_arithmetic) {
  std::vector<float> w = draw(Law::normal, 0.02, kCount, 4);
  for (std::size_t i = 0; i < w.size(); i += 6) w[i] = f32_from_bits(f32_bits(w[i]) & 0xffff0000u);
  const HistoryAnswer answer = ask_both(fingerprint_of(to_bf16(w, Route::rne), {1024, 1024}));
  EXPECT_GT(answer.test("zero mantissa").statistic, 0.77) << "the premise: more powers of two than rounding leaves";
  EXPECT_EQ(answer.proposal.sub, "low-power") << answer.proposal.sentence;
  EXPECT_THAT(answer.proposal.sentence, testing::HasSubstr("a part with another history: truncated"));
}

// What training in bf16 leaves: values stop at powers of two, more than even cutting off would put there.
TEST(arithmetic, values_that_stop_at_powers_of_two_are_arithmetic) {
  std::vector<std::uint16_t> codes = to_bf16(draw(Law::normal, 0.02, kCount, 4), Route::rne);
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const int mantissa = codes[i] & 0x7f;
    if (mantissa == 0x7f) codes[i] = static_cast<std::uint16_t>(codes[i] + 1);
    if (mantissa == 1 && i % 2 == 0) codes[i] = static_cast<std::uint16_t>(codes[i] - 1);
  }
  const HistoryAnswer answer = ask_both(fingerprint_of(codes, {1024, 1024}));
  EXPECT_GT(answer.test("zero mantissa").low, 1) << "the premise";
  EXPECT_EQ(answer.proposal.verdict, AuditVerdict::consistent) << answer.proposal.sentence;
  EXPECT_EQ(answer.proposal.sub, "bf16-arithmetic");
  EXPECT_THAT(answer.proposal.sentence, testing::HasSubstr("times as frequent as their neighbours"));
}

// A constant that is a power of two, in a tensor that was cut off, is no sign of training.
TEST(arithmetic, a_pile_in_one_binade_is_not_called_arithmetic) {
  for (const std::size_t every : {4000u, 1000u, 500u}) {
    std::vector<float> w = draw(Law::normal, 0.02, kCount, 5);
    for (std::size_t i = 0; i < w.size(); ++i)
      w[i] = i % every == 0 ? 0x1p-7f : f32_from_bits(f32_bits(w[i]) & 0xffff0000u);
    const HistoryAnswer answer = ask_both(fingerprint_of(to_bf16(w, Route::rne), {1024, 1024}));
    EXPECT_NE(answer.proposal.verdict, AuditVerdict::consistent) << every << ": " << answer.proposal.sentence;
  }
}

TEST(arithmetic, a_trip_after_a_partial_merge_is_found_by_the_lattice_alone) {
  const std::vector<float> w = partly_merged(1 << 18);
  const HistoryAnswer answer = ask_both(fingerprint_of(to_bf16(w, Route::via_f16), {512, 512}));
  EXPECT_EQ(answer.proposal.verdict, AuditVerdict::f16_grid) << answer.proposal.sentence;
}

// Up to here no single binade tells the ties of sums from those of TF32; their slope over the binades does.
struct SmallSums {
  std::size_t count;
  double scale;       // of what is added
  int updates;        // one rounding each
  int most_findings;  // of 50
};

TEST(arithmetic, sums_of_few_values_are_no_findings) {
  constexpr SmallSums kSums[] = {{1024, 0.3, 1, 0}, {1024, 1, 1, 0},   {2048, 0.1, 1, 1}, {2048, 0.1, 2, 2},
                                 {2048, 0.3, 1, 0}, {3400, 0.1, 1, 0}, {3400, 0.1, 2, 0}, {4096, 0.1, 1, 0},
                                 {4096, 0.1, 2, 0}, {6000, 0.1, 1, 0}, {8192, 0.03, 1, 0}};
  std::uint64_t seed = 4000;
  int as_sure_as_a_finding = 0;
  for (const SmallSums& sums : kSums) {
    int findings = 0;
    for (int draws = 0; draws < 50; ++draws) {
      std::vector<float> w = bf16_draws(0.02, ++seed, sums.count);
      for (int update = 0; update < sums.updates; ++update) {
        const std::vector<float> delta = bf16_draws(0.02, ++seed, sums.count);
        for (std::size_t i = 0; i < w.size(); ++i)
          w[i] = rounded(w[i] + rounded(static_cast<float>(sums.scale) * delta[i]));
      }
      const auto count = static_cast<std::int64_t>(sums.count);
      const HistoryAnswer answer = ask_both(fingerprint_of(to_bf16(w, Route::rne), {count}));
      findings += is_audit_finding(answer.proposal.verdict) ? 1 : 0;
      as_sure_as_a_finding += answer.test("parity").bits >= 40 ? 1 : 0;
    }
    EXPECT_LE(findings, sums.most_findings) << sums.count << " values, " << sums.scale << " x " << sums.updates;
  }
  EXPECT_GT(as_sure_as_a_finding, 200) << "the premise: parity alone would be sure";
}

// Where the summands' own last bits are near 2^-24, their sums lie on f16's lattice for the most part.
TEST(arithmetic, sums_of_small_values_are_no_findings) {
  constexpr double kSpreads[] = {3e-5, 1e-4, 3e-4, 1e-3};
  constexpr std::size_t kCounts[] = {1000, 2048, 4096, 10'000};
  constexpr Law kLaws[] = {Law::normal, Law::laplace, Law::uniform};
  constexpr std::size_t kDraws = 10, kKinds = 6;
  constexpr std::size_t kTensors = std::size(kSpreads) * std::size(kCounts) * std::size(kLaws) * kDraws * kKinds;
  std::mutex mutex;
  std::map<std::string, int> found;
  on_all_cores(kTensors, [&](std::size_t i) {
    const std::size_t summands = 2 + i % 3, each = i / 3 % 2, draws = i / kKinds;
    const double spread = kSpreads[draws % 4];
    const std::size_t count = kCounts[draws / 4 % 4];
    std::vector<float> sum(count);
    for (std::size_t k = 0; k < summands; ++k) {
      const std::vector<float> more =
          widen(to_bf16(draw(kLaws[draws / 16 % 3], spread, count, 9000 + 8 * i + k), Route::rne));
      for (std::size_t v = 0; v < count; ++v) sum[v] = each == 0 ? sum[v] + more[v] : rounded(sum[v] + more[v]);
    }
    const auto n = static_cast<std::int64_t>(count);
    const HistoryAnswer answer = ask_both(fingerprint_of(to_bf16(sum, Route::rne), {n}));
    if (!is_audit_finding(answer.proposal.verdict)) return;
    const std::lock_guard lock(mutex);
    ++found[std::string(audit_verdict_name(answer.proposal.verdict)) + "/" + answer.proposal.sub + " " +
            std::to_string(spread) + " " + std::to_string(count)];
  });
  int all = 0;
  for (const auto& [what, times] : found) {
    std::printf("%s: %d\n", what.c_str(), times);
    all += times;
  }
  EXPECT_LE(all, 4) << "of " << kTensors;
}

TEST(arithmetic, averaged_small_tensors_do_not_pool_to_a_finding) {
  EvidencePool pool(40);
  for (std::uint64_t t = 0; t < 60; ++t) {
    const std::vector<float> a = bf16_draws(0.02, 200 + t, 2048), b = bf16_draws(0.02, 300 + t, 2048);
    std::vector<float> mean(a.size());
    for (std::size_t i = 0; i < a.size(); ++i) mean[i] = (a[i] + b[i]) / 2;
    const Fingerprint tensor = fingerprint_of(to_bf16(mean, Route::rne), {2048});
    pool.add(tensor.identity, measure(tensor));
  }
  EXPECT_GT(pool.tests()[0].bits, 40);
  EXPECT_FALSE(pool.propose());
}

// What laundering does afterwards is still found when the tensor had been trained on in bf16.
TEST(arithmetic, a_trip_after_training_is_found) {
  std::vector<float> w = bf16_draws(0.02, 1);
  const std::vector<float> update = draw(Law::normal, 3e-5, kCount, 8);
  for (std::size_t i = 0; i < w.size(); ++i) w[i] = rounded(w[i] + update[i]);
  const HistoryAnswer answer = ask_both(fingerprint_of(to_bf16(w, Route::via_f16), {1024, 1024}));
  EXPECT_EQ(answer.proposal.verdict, AuditVerdict::f16_grid) << answer.proposal.sentence;
}

}  // namespace
}  // namespace candor::audit_internal
