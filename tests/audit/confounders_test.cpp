// What looks like a trip through f16 or a cut, and is none: pruning, differences, merges by eighths, training in bf16.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "audit/judge/pool.h"
#include "tests/audit/history_support.h"

namespace candor::audit_internal {
namespace {

using enum AuditVerdict;
using ::testing::HasSubstr;

constexpr std::int64_t kSide = 512;
constexpr std::size_t kCount = kSide * kSide;

HistoryAnswer ask(const std::vector<std::uint16_t>& codes) {
  return ask_both(fingerprint_of(codes, {static_cast<std::int64_t>(codes.size())}));
}

std::vector<std::uint16_t> pruned_below(double threshold, Route route, std::uint64_t seed = 3) {
  std::vector<std::uint16_t> codes = to_bf16(draw(Law::normal, 0.02, kCount, seed), route);
  const std::vector<float> values = widen(codes);
  for (std::size_t i = 0; i < codes.size(); ++i)
    if (std::fabs(static_cast<double>(values[i])) < threshold) codes[i] = 0;
  return codes;
}

TEST(Confounders, PruningIsNoPartThatWasFlushed) {
  for (const double threshold : {1e-5, 3e-5, 4.5e-5, 5e-5, 5.8e-5}) {
    SCOPED_TRACE(threshold);
    const HistoryAnswer tf32 = ask(pruned_below(threshold, Route::from_tf32));
    EXPECT_EQ(tf32.proposal.verdict, p11_source) << tf32.proposal.sentence;
    const HistoryAnswer genuine = ask(pruned_below(threshold, Route::rne));
    EXPECT_EQ(genuine.proposal.verdict, undecidable) << genuine.proposal.sentence;
    EXPECT_NE(genuine.proposal.sub, "bf16-arithmetic") << genuine.proposal.sentence;
  }
}

TEST(Confounders, F16ShowsInItsSubnormalsWhereTheSmallestValuesArePruned) {
  for (const double threshold : {8e-6, 1e-5, 1.6e-5}) {
    const HistoryAnswer answer = ask(pruned_below(threshold, Route::from_f16));
    EXPECT_EQ(answer.proposal.verdict, f16_grid) << threshold << ": " << answer.proposal.sentence;
    EXPECT_EQ(answer.proposal.sub, "from-f16");
    EXPECT_THAT(answer.proposal.sentence, HasSubstr("as f16's subnormals make it"));
  }
  // Higher up hardly anything is left that f16 and TF32 leave differently.
  EXPECT_EQ(ask(pruned_below(5e-5, Route::from_f16)).proposal.sub, "f16-or-tf32");
}

TEST(Confounders, FlushedInAPartAndNothingElseMayBePruning) {
  std::vector<std::uint16_t> codes = to_bf16(draw(Law::normal, 0.02, kCount, 5), Route::rne);
  const std::vector<float> values = widen(codes);
  for (std::size_t i = 0; i < codes.size() / 2; ++i)
    if (std::fabs(values[i]) < 0x1p-14f) codes[i] = 0;
  const HistoryAnswer answer = ask(codes);
  EXPECT_EQ(answer.proposal.verdict, undecidable);
  EXPECT_EQ(answer.proposal.sub, "ftz-or-pruned") << answer.proposal.sentence;
}

TEST(Confounders, DensitiesThatAreNotLevelHaveNoGapToBeSurprisedAt) {
  std::vector<float> values = draw(Law::normal, 1, kCount, 7);
  for (std::size_t i = 0; i < kCount; ++i) values[i] = 1e-3f * std::exp(3 * values[i]);
  const AuditTest gap = ask(to_bf16(values, Route::rne)).test("gap");
  EXPECT_THAT(gap.not_run, HasSubstr("not level"));
}

std::vector<std::uint16_t> less(std::size_t count, const std::function<float(std::size_t)>& from,
                                const std::function<float(std::size_t)>& what) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = from(i) - what(i);
  return to_bf16(values, Route::rne);
}

TEST(Confounders, WeightsLessOtherWeightsHaveNoPartThatWasF16) {
  for (const double delta : {1e-5, 3e-5, 1e-4}) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
      const std::vector<float> w = draw(Law::normal, 0.02, kCount, seed),
                               d = draw(Law::normal, delta, kCount, seed + 9);
      const auto codes = less(
          kCount, [&](std::size_t i) { return w[i] + d[i]; }, [&](std::size_t i) { return w[i]; });
      const HistoryAnswer answer = ask(codes);
      EXPECT_FALSE(is_audit_finding(answer.proposal.verdict)) << delta << ": " << answer.proposal.sentence;
    }
  }
}

TEST(Confounders, NumbersNearOneLessOneAreNotCalledF16) {
  const auto one = [](std::size_t) { return 1.0f; };
  for (const double sigma : {0.02, 0.05}) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
      const std::vector<float> gains = draw_around(1, sigma, kCount, seed);
      const HistoryAnswer answer = ask(less(
          kCount, [&](std::size_t i) { return gains[i]; }, one));
      EXPECT_EQ(answer.proposal.verdict, undecidable) << sigma << ": " << answer.proposal.sentence;
    }
  }
  // All of them below one, where every step of f32 is one of f16's lattice; nearly all of the values below 2^-13.
  for (const double below : {4e-5, 1e-4}) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      std::vector<float> values = draw(Law::normal, below, 16'384, seed);
      for (float& x : values) x = std::copysign(1 - (1 - std::fabs(x)), x);
      const HistoryAnswer answer = ask(to_bf16(values, Route::rne));
      EXPECT_NE(answer.proposal.verdict, f16_grid) << below << ": " << answer.proposal.sentence;
    }
  }
}

std::optional<Proposal> together(std::size_t tensors, std::uint64_t first,
                                 const std::function<std::vector<std::uint16_t>(std::uint64_t)>& codes_of) {
  EvidencePool pool(40);
  for (std::uint64_t seed = first; seed < first + tensors; ++seed) {
    const std::vector<std::uint16_t> codes = codes_of(seed);
    pool.add(seed, measure(fingerprint_of(codes, {static_cast<std::int64_t>(codes.size())})));
  }
  return pool.propose();
}

TEST(Confounders, NumbersNearOneLessOneAreNotCalledF16TogetherEither) {
  struct Case {
    std::size_t tensors, count;
    double sigma;
  };
  for (const Case& c : {Case{64, 4096, 0.02}, Case{24, 1024, 0.005}, Case{100, 256, 0.005}}) {
    for (std::uint64_t first = 1; first <= 10'000; first += 1000) {
      const std::optional<Proposal> found = together(c.tensors, first, [&](std::uint64_t seed) {
        const std::vector<float> gains = draw_around(1, c.sigma, c.count, seed);
        return less(
            c.count, [&](std::size_t i) { return gains[i]; }, [](std::size_t) { return 1.0f; });
      });
      EXPECT_FALSE(found.has_value()) << c.count << ": " << found->sentence;
    }
  }
}

TEST(Confounders, SmallValuesAloneAreNotTold) {
  struct Case {
    Route route;
    double sigma;
  };
  for (const Case& c : {Case{Route::via_f16, 1e-6}, Case{Route::from_f16, 1e-6}, Case{Route::from_f16, 2e-5}}) {
    const HistoryAnswer answer = ask_both(bf16_tensor(Law::normal, c.sigma, kCount, c.route, 13));
    EXPECT_EQ(answer.proposal.verdict, undecidable) << c.sigma;
    EXPECT_EQ(answer.proposal.sub, "f16-or-differences") << answer.proposal.sentence;
  }
}

/// Weights of one model, each copy with changes of its own, in bf16.
std::vector<float> average_of(int copies, std::size_t count, std::uint64_t seed) {
  const std::vector<float> base = draw(Law::normal, 0.02, count, seed);
  std::vector<float> sum(count, 0);
  for (int copy = 1; copy <= copies; ++copy) {
    std::vector<float> tuned = draw(Law::normal, 0.0004, count, seed + 100 * static_cast<std::uint64_t>(copy));
    for (std::size_t i = 0; i < count; ++i) tuned[i] += base[i];
    const std::vector<float> rounded = widen(to_bf16(tuned, Route::rne));
    for (std::size_t i = 0; i < count; ++i) sum[i] += rounded[i] / static_cast<float>(copies);
  }
  return sum;
}

TEST(Confounders, AveragesOfEightHaveElevenBitsAndAreNotCalledF16) {
  int eleven = 0;
  for (const std::size_t count : {8192u, 32'768u}) {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
      const HistoryAnswer answer = ask(to_bf16(average_of(8, count, seed), Route::rne));
      EXPECT_NE(answer.proposal.verdict, f16_grid) << answer.proposal.sentence;
      EXPECT_NE(answer.proposal.verdict, mixed) << answer.proposal.sentence;
      if (answer.proposal.verdict != p11_source) continue;
      ++eleven;
      EXPECT_THAT(answer.proposal.sentence, HasSubstr("or in averages of eight"));
    }
  }
  EXPECT_GT(eleven, 0);
}

TEST(Confounders, AveragesOfEightAreNotCalledF16TogetherEither) {
  int eleven = 0;
  for (std::uint64_t first = 1; first <= 20'000; first += 1000) {
    const std::optional<Proposal> found =
        together(24, first, [](std::uint64_t seed) { return to_bf16(average_of(8, 1024, seed), Route::rne); });
    if (!found) continue;
    EXPECT_EQ(found->verdict, p11_source) << found->sentence;
    ++eleven;
  }
  EXPECT_GT(eleven, 0);
}

/// Adam's steps on weights that are kept in bf16: a step up from a power of two is half as long as one down.
std::vector<std::uint16_t> trained(std::size_t count, double rate, int steps, std::uint64_t seed) {
  std::vector<float> w = widen(to_bf16(draw(Law::normal, 0.02, count, seed), Route::rne));
  const std::vector<float> drift = draw(Law::normal, 0.2, count, seed + 1000);
  std::vector<float> momentum(count, 0);
  for (int step = 1; step <= steps; ++step) {
    const std::vector<float> noise = draw(Law::normal, 1, count, seed + 2000 + static_cast<std::uint64_t>(step));
    for (std::size_t i = 0; i < count; ++i) {
      momentum[i] = 0.9f * momentum[i] + 0.1f * (drift[i] + noise[i]);
      w[i] -= static_cast<float>(rate) * momentum[i] * 4;
    }
    w = widen(to_bf16(w, Route::rne));
  }
  return to_bf16(w, Route::rne);
}

TEST(Confounders, TrainingInBf16IsNotCutOff) {
  int as_often_as_cut_off = 0;
  for (const double rate : {1e-5, 2e-5, 5e-5}) {
    for (const int steps : {16, 32, 64}) {
      const HistoryAnswer answer = ask(trained(131'072, rate, steps, 1));
      EXPECT_FALSE(is_audit_finding(answer.proposal.verdict)) << rate << ", " << steps << answer.proposal.sentence;
      as_often_as_cut_off += answer.test("zero mantissa").bits > 40 ? 1 : 0;
    }
  }
  EXPECT_GT(as_often_as_cut_off, 2) << "the mean alone would be a finding";
}

TEST(Confounders, TrainingInBf16IsNotCutOffInSmallTensorsTogetherEither) {
  EvidencePool pool(40);
  for (std::uint64_t seed = 1; seed <= 150; ++seed)
    pool.add(seed, measure(fingerprint_of(trained(2048, 2e-5, 40, seed), {2048})));
  EXPECT_FALSE(pool.propose().has_value());
  EXPECT_GT(pool.tests()[1].bits, 40) << "the mean alone would be a finding";
}

TEST(Confounders, APartIsNamedOnlyIfNoOtherHistoryIsAboutAsLikely) {
  int named = 0, unnamed = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const std::vector<float> values = draw(Law::normal, 0.001, 16'384, seed);
    std::vector<std::uint16_t> codes(values.size());
    for (std::size_t i = 0; i < codes.size(); ++i)
      codes[i] = to_bf16(values[i], i % 10 < 7 ? Route::via_f16 : Route::rne);
    const HistoryAnswer answer = ask(codes);
    if (answer.proposal.verdict != mixed) continue;
    EXPECT_TRUE(answer.proposal.sub == "via-f16" || answer.proposal.sub == "f16") << answer.proposal.sub;
    const bool is_named = answer.proposal.sub != "f16";
    EXPECT_EQ(answer.proposal.sentence.find("than the rest: through f16.") == std::string::npos, is_named);
    (is_named ? named : unnamed) += 1;
  }
  EXPECT_GT(named, 0);
  EXPECT_GT(unnamed, 0);
}

TEST(Confounders, AllOfAHugeTensorIsNoPart) {
  Fingerprint huge = bf16_tensor(Law::normal, 1e-4, 1 << 20, Route::via_f16, 11);
  constexpr std::uint64_t kTimes = 1 << 14;
  for (auto& [code, count] : huge.codes) count *= kTimes;
  huge.elements *= kTimes;
  huge.shape = {static_cast<std::int64_t>(huge.elements)};
  EXPECT_EQ(ask_both(huge).proposal.verdict, f16_grid);
}

}  // namespace
}  // namespace candor::audit_internal
