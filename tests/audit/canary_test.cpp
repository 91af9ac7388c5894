// Each way of damaging a canary is named from the damage alone.
#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "audit/canary/conversion.h"
#include "candor/error.h"
#include "candor/io.h"
#include "tests/audit/canary_file.h"
#include "tests/audit/recipes.h"

namespace candor::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> ids_of(const std::vector<CanaryCulprit>& culprits) {
  std::vector<std::string> ids;
  for (const CanaryCulprit& culprit : culprits) ids.push_back(culprit.id);
  return ids;
}
std::vector<std::string> finding_ids(const CanaryReport& report) {
  std::vector<std::string> ids;
  for (const CanaryFinding& finding : report.findings) ids.push_back(finding.id);
  return ids;
}
std::string state_of(const CanaryReport& report, const std::string& canary) {
  for (const CanaryTensor& t : report.tensors)
    if (t.canary == canary) return t.state;
  return "no such canary";
}

class CanaryTest : public ::testing::Test {
 protected:
  CanaryTest() : path_(folder_.path("canary.safetensors")) {
    write_canary(path_);
    tensors_ = read_tensors(path_);
  }
  CanaryReport check(const Tensors& tensors) {
    write_tensors(folder_.path("damaged.safetensors"), tensors);
    return check_canary(folder_.path("damaged.safetensors"));
  }
  /// What is named when all values go through `change` into `dtype`.
  std::vector<std::string> culprits(const std::string& dtype, const Change& change, Round round = nearest) {
    const CanaryReport report = check(converted(tensors_, dtype, change, round));
    EXPECT_EQ(report.verdict, CanaryVerdict::damaged);
    for (const CanaryCulprit& culprit : report.culprits) EXPECT_EQ(culprit.exceptions, 0u) << culprit.id;
    return ids_of(report.culprits);
  }

  TemporaryFolder folder_;
  std::string path_;
  Tensors tensors_;
};

double same(double x) { return x; }
Change through(const Grid& grid, Round round = nearest) {
  return [grid, round](double x) { return on_grid(grid, x, round); };
}
double flushed(double x) { return std::fabs(x) < 0x1p-126 ? std::copysign(0.0, x) : x; }

TEST_F(CanaryTest, AsWrittenIsIntact) {
  const CanaryReport report = check_canary(path_);
  EXPECT_EQ(report.verdict, CanaryVerdict::intact);
  EXPECT_THAT(report.culprits, IsEmpty());
  EXPECT_THAT(report.not_excluded, IsEmpty());  // the f32 probes exclude even TF32
  EXPECT_THAT(report.findings, IsEmpty());
  for (const CanaryTensor& t : report.tensors) EXPECT_EQ(t.state, "intact") << t.canary;
}

// As many as docs/canary.md says.
TEST_F(CanaryTest, PredictsSoManyConversions) { EXPECT_EQ(audit_internal::considered_conversions().size(), 220u); }

TEST_F(CanaryTest, TheSameBytesEveryTimeAndEveryCodeOnce) {
  write_canary(folder_.path("again.safetensors"));
  EXPECT_EQ(read_bytes(path_), read_bytes(folder_.path("again.safetensors")));
  EXPECT_THROW(write_canary(path_), IoError);
  const std::vector<std::uint64_t>& codes = tensors_["canary.all_codes"].codes;
  EXPECT_EQ(std::set<std::uint64_t>(codes.begin(), codes.end()).size(), 65536u);
  const std::vector<std::uint64_t>& matrix = tensors_["canary.matrix"].codes;
  EXPECT_EQ(std::set<std::uint64_t>(matrix.begin(), matrix.end()).size(), matrix.size());
  std::set<std::size_t> sizes;
  for (const auto& [name, t] : tensors_) EXPECT_TRUE(sizes.insert(t.codes.size()).second) << name;
  EXPECT_EQ(tensors_["canary.codes"].codes.size(), 30u);
}

TEST_F(CanaryTest, ACancelBeforeTheRenameLeavesTheOldFile) {
  const std::atomic<bool> cancel{true};
  for (const std::string_view suffix : checkpoint_suffixes()) {
    if (suffix == ".npy") continue;
    const std::string path = folder_.put("c" + std::string(suffix), "old");
    EXPECT_THROW(write_canary(path, true, &cancel), Cancelled) << suffix;
    EXPECT_EQ(read_bytes(path), "old") << suffix;
  }
}

TEST_F(CanaryTest, IsIntactInEveryFormatThatHoldsIt) {
  for (const std::string_view suffix : checkpoint_suffixes()) {
    const std::string path = folder_.path("c" + std::string(suffix)), again = folder_.path("d" + std::string(suffix));
    if (suffix == ".npy") {
      EXPECT_THROW(write_canary(path), FormatError) << "a canary is ten tensors";
      continue;
    }
    write_canary(path);
    const CanaryReport report = check_canary(path);
    EXPECT_EQ(report.verdict, CanaryVerdict::intact) << suffix;
    EXPECT_THAT(report.findings, IsEmpty()) << suffix;
    for (const CanaryTensor& t : report.tensors) EXPECT_EQ(t.state, "intact") << suffix << " " << t.canary;
    write_canary(again);
    EXPECT_TRUE(read_bytes(path) == read_bytes(again)) << suffix;
    EXPECT_THROW(write_canary(path), IoError);
    EXPECT_NO_THROW(write_canary(path, true));
  }
  EXPECT_THROW(write_canary(folder_.path("c.h5")), FormatError);
}

TEST_F(CanaryTest, ExactWideningAndOneRoundingAreNoDamage) {
  EXPECT_EQ(check(converted(tensors_, "F32", same)).verdict, CanaryVerdict::widened);
  EXPECT_EQ(check(converted(tensors_, "F64", same)).verdict, CanaryVerdict::widened);
  const CanaryReport rounded = check(converted(tensors_, "BF16", same));
  EXPECT_EQ(rounded.verdict, CanaryVerdict::intact);
  EXPECT_THAT(finding_ids(rounded), ElementsAre("nan-quieted"));  // the tests' values pass through arithmetic
  EXPECT_EQ(state_of(rounded, "canary.f32_probes"), "rounded");
  EXPECT_EQ(state_of(rounded, "canary.codes"), "intact");
}

TEST_F(CanaryTest, RoundingsAreNamed) {
  EXPECT_THAT(culprits("BF16", same, cut), ElementsAre("truncated"));
  EXPECT_THAT(culprits("BF16", same, away), ElementsAre("half-away"));
  EXPECT_THAT(culprits("BF16", through(kTf32)), ElementsAre("tf32"));
  EXPECT_THAT(culprits("F32", through(kTf32)), ElementsAre("tf32"));
  EXPECT_THAT(culprits("F32", through(kTf32, away)), ElementsAre("tf32-half-away"));
  EXPECT_THAT(culprits("F32", through(kBf16)), ElementsAre("bf16"));
  EXPECT_THAT(culprits("F32", through(kBf16, cut)), ElementsAre("bf16-truncated"));
  EXPECT_THAT(culprits("BF16", through(kSevenBits)), ElementsAre("7-bit"));
}

TEST_F(CanaryTest, DetoursThroughF16AreToldApart) {
  EXPECT_THAT(culprits("BF16", through(kF16)), ElementsAre("f16"));
  EXPECT_THAT(culprits("F32", through(kF16)), ElementsAre("f16"));
  EXPECT_THAT(culprits("F16", same), ElementsAre("f16"));
  EXPECT_THAT(culprits("BF16", through(kF16), cut), ElementsAre("f16+truncated"));
  EXPECT_THAT(culprits("BF16", through(kF16, cut)), ElementsAre("f16-truncated"));
  const Change ftz = [](double x) { return on_grid(kF16, std::fabs(x) < 0x1p-14 ? std::copysign(0, x) : x, nearest); };
  EXPECT_THAT(culprits("BF16", ftz), ElementsAre("f16-flushed"));
  EXPECT_THAT(culprits("F16", ftz), ElementsAre("f16-flushed"));
  const Change saturated = [](double x) {
    return std::isinf(x) ? x : std::clamp(on_grid(kF16, x, nearest), -65504.0, 65504.0);
  };
  EXPECT_THAT(culprits("F32", saturated), ElementsAre("f16-saturated"));
  const Change clamped = [](double x) { return std::clamp(on_grid(kF16, x, nearest), -65504.0, 65504.0); };
  EXPECT_THAT(culprits("F32", clamped), ElementsAre("f16-clamped"));
  EXPECT_THAT(culprits("F32", [](double x) { return std::clamp(x, -65504.0, 65504.0); }), ElementsAre("clamped-65504"));
}

TEST_F(CanaryTest, AnF16TripDoesToTheCodesWhatTheTableSays) {
  const CanaryReport report = check(converted(tensors_, "BF16", through(kF16)));
  const std::vector<std::uint64_t> trip = converted(tensors_, "BF16", through(kF16))["canary.codes"].codes;
  EXPECT_EQ(trip[6], 0u);        // 0x3300 = 2^-25: a tie, to zero
  EXPECT_EQ(trip[7], 0x3380u);   // 0x3301: to 2^-24
  EXPECT_EQ(trip[9], 0x3380u);   // 0x3381
  EXPECT_EQ(trip[10], 0x3700u);  // 0x36ff
  EXPECT_EQ(trip[13], 0xb690u);  // 0xb68f
  for (const CanaryTensor& t : report.tensors) {
    if (t.canary != "canary.all_codes") continue;
    EXPECT_EQ(t.changed, 2u * (32639 - 4351));  // codes that f16 cannot reach
  }
}

TEST_F(CanaryTest, Fp8IsNamedWithItsOverflow) {
  const auto fp8 = [](const Grid& grid, double beyond, double infinity) {
    return [=](double x) {
      const double y = on_grid(grid, x, nearest);
      if (std::isinf(x)) return std::copysign(infinity, x);
      return std::isinf(y) ? std::copysign(beyond, x) : y;
    };
  };
  EXPECT_THAT(culprits("BF16", fp8(kE4m3, NAN, NAN)), ElementsAre("f8_e4m3"));
  EXPECT_THAT(culprits("BF16", fp8(kE4m3, 448, 448)), ElementsAre("f8_e4m3-saturated"));
  EXPECT_THAT(culprits("BF16", fp8(kE5m2, HUGE_VAL, HUGE_VAL)), ElementsAre("f8_e5m2"));
  EXPECT_THAT(culprits("BF16", fp8(kE5m2, 57344, HUGE_VAL)), ElementsAre("f8_e5m2-saturated"));
}

TEST_F(CanaryTest, FlushedSubnormalsAreNamedBothWays) {
  EXPECT_THAT(culprits("", flushed), ElementsAre("subnormals-flushed", "subnormal-results-flushed"));
  EXPECT_THAT(culprits("BF16", flushed), ElementsAre("subnormals-flushed"));
  const Change late = [](double x) { return flushed(on_grid(kBf16, x, nearest)); };
  EXPECT_THAT(culprits("BF16", late), ElementsAre("subnormal-results-flushed"));
}

TEST_F(CanaryTest, WhatCannotBeToldApartIsAllNamed) {
  Tensors only;
  only["canary.codes"] = tensors_["canary.codes"];
  const CanaryReport codes = check(only);
  EXPECT_EQ(codes.verdict, CanaryVerdict::incomplete);
  EXPECT_THAT(ids_of(codes.not_excluded), Contains("tf32"));  // harmless to bf16
  Tensors flush_only = converted(only, "BF16", flushed);
  EXPECT_THAT(ids_of(check(flush_only).culprits), ElementsAre("subnormals-flushed", "subnormal-results-flushed"));
}

TEST_F(CanaryTest, RoundingByChanceIsSeenInRepeatedValues) {
  Tensors result = converted(tensors_, "BF16", same);
  std::uint64_t counter = 0;
  for (auto& [name, t] : result) {
    if (tensors_[name].dtype != "F32") continue;
    for (std::size_t i = 0; i < t.codes.size(); ++i) {
      const float x = static_cast<float>(value_in("F32", tensors_[name].codes[i]));
      if (std::isfinite(x))
        t.codes[i] =
            audit_internal::to_bf16(x, audit_internal::Route::stochastic, audit_internal::random_bits(7, ++counter));
    }
  }
  EXPECT_THAT(ids_of(check(result).culprits), Contains("stochastic"));
  Tensors steady = converted(tensors_, "BF16", same, cut);  // explained by chance too, were it not the same 64 times
  EXPECT_THAT(ids_of(check(steady).culprits), ElementsAre("truncated"));
}

TEST_F(CanaryTest, OnePathForMatricesAndOneForTheRestAreBothNamed) {
  Tensors mixed = tensors_;
  const Tensors f16 = converted(tensors_, "BF16", through(kF16)), e5m2 = converted(tensors_, "BF16", through(kE5m2));
  mixed["canary.codes"] = f16.at("canary.codes");
  mixed["canary.norm"] = e5m2.at("canary.norm");
  const CanaryReport report = check(mixed);
  EXPECT_THAT(ids_of(report.culprits), Contains("f16"));
  EXPECT_THAT(ids_of(report.culprits), Contains("f8_e5m2"));
  for (const CanaryCulprit& culprit : report.culprits)
    EXPECT_THAT(culprit.tensors, ElementsAre(culprit.id.starts_with("f16") ? "canary.codes" : "canary.norm"));
}

TEST_F(CanaryTest, TheBestIsNamedWithItsExceptions) {
  Tensors almost = converted(tensors_, "BF16", through(kF16));
  almost["canary.all_codes"].codes[0x2edc] = 0x2edc;  // one value that f16 would have flushed
  const CanaryReport report = check(almost);
  ASSERT_THAT(ids_of(report.culprits), Contains("f16"));
  for (const CanaryTensor& t : report.tensors) {
    EXPECT_EQ(t.exceptions, t.canary == "canary.all_codes" ? 1u : 0u) << t.canary;
    if (t.exceptions == 0) continue;
    EXPECT_EQ(t.best, "f16");
    ASSERT_EQ(t.unexplained.size(), 1u);
    EXPECT_EQ(t.unexplained[0].code, 0x2edcu);
    EXPECT_EQ(t.unexplained[0].found_code, 0x2edcu);
  }
}

}  // namespace
}  // namespace candor::testing
