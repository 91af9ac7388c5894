// From tensors to a checkpoint: what weighs, what is named, what all of them say together.
#include "audit/roll_up.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <tuple>

#include "audit/severity.h"
#include "candor/error.h"
#include "tests/audit/recipes.h"

namespace candor::audit_internal {
namespace {

using ::testing::HasSubstr;
using enum AuditVerdict;

const EvidencePool kNothing(40);  // no tensor was added

TensorAudit tensor(const std::string& name, AuditVerdict verdict, std::uint64_t elements, double bits = 50,
                   const std::string& sub = "") {
  TensorAudit out;
  out.name = name;
  out.verdict = verdict;
  out.bits = bits;
  out.sub = sub;
  out.evidence.elements = elements;
  return out;
}

void add(CheckpointAudit& to, int count, AuditVerdict verdict, std::uint64_t elements, const std::string& sub = "") {
  for (int i = 0; i < count; ++i)
    to.tensors.push_back(tensor("t" + std::to_string(to.tensors.size()), verdict, elements, 50, sub));
}

TEST(RollUp, OneHistoryIsTheVerdict) {
  CheckpointAudit all;
  add(all, 214, f16_grid, 1'000'000, "via-f16");
  add(all, 76, undecidable, 4096, "no-support");
  roll_up(all, kNothing);
  EXPECT_EQ(all.verdict, f16_grid);
  EXPECT_EQ(all.sub, "via-f16");
  EXPECT_DOUBLE_EQ(all.bits, 214 * 50.0);
  EXPECT_EQ(
      all.sentence,
      "of its tensors, 76 (0.1 % of the parameters) were undecidable: too few values, or none where the histories "
      "differ (no-support)")
      << "the headline tells of the 214";
}

TEST(RollUp, ItIsCancelled) {
  CheckpointAudit all;
  add(all, 3, consistent, 1000);
  std::atomic<bool> cancel{false};
  roll_up(all, kNothing, &cancel);
  EXPECT_EQ(all.verdict, consistent);
  cancel = true;
  EXPECT_THROW(roll_up(all, kNothing, &cancel), Cancelled);
}

TEST(RollUp, WorstFirstAndAlikeOnesInTheirOrder) {
  const AuditVerdict verdicts[] = {consistent, f16_grid, structured, f16_grid, mislabelled, consistent};
  const double bits[] = {50, 60, 50, 90, 10, 70};
  CheckpointAudit all;
  for (int i = 0; i < 300; ++i) {
    const std::size_t kind = static_cast<std::size_t>(i * i + i / 7) % 6;
    all.tensors.push_back(tensor(std::to_string(1000 + i), verdicts[kind], 1000, bits[kind]));
  }
  roll_up(all, kNothing);
  ASSERT_EQ(all.tensors.size(), 300u);
  const auto key = [](const TensorAudit& t) { return std::tuple(-severity(t.verdict), -t.bits, t.name); };
  for (std::size_t i = 1; i < 300; ++i) EXPECT_LT(key(all.tensors[i - 1]), key(all.tensors[i])) << i;
}

TEST(RollUp, OneLaunderedTensorOfThreeHundredIsNamed) {
  CheckpointAudit all;
  add(all, 299, consistent, 1000);
  all.tensors.insert(all.tensors.begin() + 77, tensor("layers.7.weight", f16_grid, 1000));
  roll_up(all, kNothing);
  EXPECT_EQ(all.verdict, mixed);
  EXPECT_EQ(all.sub, "f16-grid");
  EXPECT_EQ(all.sentence,
            "of its tensors, 1 (0.3 % of the parameters) was found on f16's grid: 'layers.7.weight'; "
            "299 (99.7 % of the parameters) were consistent with one rounding from a wide source");
  EXPECT_EQ(all.tensors.front().name, "layers.7.weight") << "worst first";
}

TEST(RollUp, TheRestIsToldInWholeSentencesWithAllItsReasons) {
  CheckpointAudit all;
  add(all, 10, f16_grid, 1'000'000, "via-f16");
  add(all, 2, undecidable, 4096, "no-support");
  add(all, 1, undecidable, 4096, "low-power");
  add(all, 1, structured, 4096, "constant");
  roll_up(all, kNothing);
  EXPECT_EQ(all.sentence,
            "of its tensors, 3 (0.1 % of the parameters) were undecidable: too few values, or none where the histories "
            "differ (low-power, no-support); 1 (< 0.1 % of the parameters) was a constant or a table (constant)");
}

TEST(RollUp, ASecondKindBehindTheHeadlineIsTold) {
  CheckpointAudit all;
  add(all, 210, dequantised, 1000, "int4 g32 (q4_1)");
  add(all, 1, dequantised, 50'000, "int8 g32 (q8_0)");
  roll_up(all, kNothing);
  EXPECT_EQ(all.sub, "int4 g32 (q4_1)");
  EXPECT_EQ(all.sentence, "of its tensors, 210 are int4 g32 (q4_1), 1 is int8 g32 (q8_0)");
  for (const int bits : {2, 3, 5}) add(all, 2, dequantised, 10, "int" + std::to_string(bits));
  add(all, 1, dequantised, 5, "");
  roll_up(all, kNothing);
  EXPECT_EQ(all.sentence,
            "of its tensors, 210 are int4 g32 (q4_1), 1 is int8 g32 (q8_0), 2 are int2, 5 are of other kinds")
      << "the heaviest three";
}

TEST(RollUp, FourKindsHaveFourNames) {
  CheckpointAudit all;
  add(all, 3, dequantised, 1000, "int4 g32");
  add(all, 2, dequantised, 1000, "int5 g32");
  add(all, 1, dequantised, 900, "int6 g32");
  add(all, 1, dequantised, 10, "int8 g32 (q8_0)");
  roll_up(all, kNothing);
  EXPECT_EQ(all.sentence, "of its tensors, 3 are int4 g32, 2 are int5 g32, 1 is int6 g32, 1 is int8 g32 (q8_0)");
}

TEST(RollUp, ReasonsAreNoKinds) {
  CheckpointAudit open, tables, genuine;
  add(open, 1, undecidable, 3, "low-power");
  add(open, 1, undecidable, 5, "no-support");
  add(open, 1, structured, 1, "constant");
  roll_up(open, kNothing);
  ASSERT_EQ(open.verdict, undecidable);
  EXPECT_EQ(open.sentence,
            "of its tensors, 2 (88.9 % of the parameters) were undecidable: too few values, or none where the "
            "histories differ (low-power, no-support); 1 (11.1 % of the parameters) was a constant or a table "
            "(constant)");
  add(tables, 2, structured, 10, "constant");
  add(tables, 1, structured, 10, "mask");
  roll_up(tables, kNothing);
  EXPECT_EQ(tables.sentence, "of its tensors, 3 (100 % of the parameters) were constants or tables (constant, mask)");
  add(genuine, 3, consistent, 10);
  add(genuine, 1, consistent, 10, "bf16-arithmetic");
  roll_up(genuine, kNothing);
  EXPECT_EQ(genuine.sentence, "") << "the headline holds for all of them";
}

TEST(RollUp, TheSmallestFindingCounts) {
  CheckpointAudit all;
  add(all, 10, consistent, 1'000'000);
  add(all, 1, widened, 16, "bf16-in-f32");
  roll_up(all, kNothing);
  EXPECT_EQ(all.verdict, mixed);
  EXPECT_EQ(all.tensors[0].verdict, widened);
}

TEST(RollUp, WhatAFormatWidensByDesignIsNoFinding) {
  CheckpointAudit all;
  add(all, 10, consistent, 1'000'000);
  add(all, 61, widened, 576, std::string(kAuditByDesign));
  roll_up(all, kNothing);
  EXPECT_EQ(all.verdict, consistent);
  EXPECT_THAT(all.sentence, HasSubstr("61 (0.4 % of the parameters) were stored wider"));
  CheckpointAudit found;
  add(found, 10, widened, 1'000'000, "bf16-in-f32");
  add(found, 61, widened, 576, std::string(kAuditByDesign));
  roll_up(found, kNothing);
  EXPECT_EQ(found.sub, "bf16-in-f32");
  EXPECT_EQ(found.sentence,
            "of its tensors, 61 (0.4 % of the parameters) were stored wider than their values are (by-design)");
}

TEST(RollUp, AFindingInNearlyAllIsTheVerdict) {
  CheckpointAudit most, fewer;
  add(most, 97, dequantised, 1000, "int4 g32");
  add(most, 3, consistent, 1000);
  roll_up(most, kNothing);
  EXPECT_EQ(most.verdict, dequantised);
  EXPECT_THAT(most.sentence, HasSubstr("3 (3.0 % of the parameters) were consistent"));
  add(fewer, 94, dequantised, 1000, "int4 g32");
  add(fewer, 6, consistent, 1000);
  roll_up(fewer, kNothing);
  EXPECT_EQ(fewer.verdict, mixed);
}

TEST(RollUp, AnElevenBitSourceBesideTheLatticeIsF16) {
  CheckpointAudit both, tf32;
  add(both, 3, f16_grid, 1000, "from-f16");
  add(both, 3, p11_source, 100, "f16-or-tf32");
  roll_up(both, kNothing);
  EXPECT_EQ(both.verdict, f16_grid);
  EXPECT_EQ(both.sub, "from-f16");
  add(tf32, 3, f16_grid, 1000, "from-f16");
  add(tf32, 3, p11_source, 1000, "tf32");
  roll_up(tf32, kNothing);
  EXPECT_EQ(tf32.verdict, mixed);
}

TEST(RollUp, SeveralFindingsAreMixed) {
  CheckpointAudit all;
  add(all, 3, f16_grid, 100);
  add(all, 2, dequantised, 100, "int4");
  roll_up(all, kNothing);
  EXPECT_EQ(all.verdict, mixed);
  EXPECT_EQ(all.sub, "f16-grid+dequantised");
}

TEST(RollUp, EachOfSeveralFindingsIsTold) {
  CheckpointAudit all;
  add(all, 1, f16_grid, 100, "via-f16");
  add(all, 2, mixed, 100);
  add(all, 7, consistent, 100);
  roll_up(all, kNothing);
  EXPECT_EQ(all.verdict, mixed);
  EXPECT_EQ(all.sentence,
            "of its tensors, 2 (20.0 % of the parameters) were of mixed history: 't1', 't2'; 1 (10.0 % of the "
            "parameters) was found on f16's grid (via-f16): 't0'; 7 (70.0 % of the parameters) were consistent with "
            "one rounding from a wide source");
}

TEST(RollUp, UndecidableWhenMostCannotBeJudged) {
  CheckpointAudit all;
  add(all, 1, consistent, 100);
  add(all, 9, undecidable, 100);
  roll_up(all, kNothing);
  EXPECT_EQ(all.verdict, undecidable);
  CheckpointAudit found;  // a finding needs no majority
  add(found, 1, truncated, 100);
  add(found, 9, undecidable, 100);
  roll_up(found, kNothing);
  EXPECT_EQ(found.verdict, truncated);
}

TEST(RollUp, NothingToJudge) {
  CheckpointAudit empty, tables, blocks;
  roll_up(empty, kNothing);
  EXPECT_EQ(empty.verdict, undecidable);
  EXPECT_THAT(empty.sentence, HasSubstr("no tensors"));
  add(tables, 3, structured, 10);
  roll_up(tables, kNothing);
  EXPECT_EQ(tables.verdict, structured);
  add(blocks, 3, unsupported, 10);
  add(blocks, 1, structured, 10);
  roll_up(blocks, kNothing);
  EXPECT_EQ(blocks.verdict, unsupported);
}

TEST(RollUp, TensorsTooSmallAloneDecideTogether) {
  EvidencePool pool(40);
  CheckpointAudit all;
  for (int i = 0; i < 60; ++i) {
    const std::vector<float> values = draw(Law::normal, 0.02, 8192, 100 + static_cast<std::uint64_t>(i));
    const Fingerprint tensor = fingerprint_of(to_bf16(values, Route::via_f16), {8192});
    pool.add(tensor.identity, measure(tensor));
    add(all, 1, undecidable, 8192, "low-power");
  }
  roll_up(all, pool);
  EXPECT_EQ(all.verdict, f16_grid);
  EXPECT_GE(all.bits, 40);
  ASSERT_EQ(all.notes.size(), 1u);
  EXPECT_THAT(all.notes[0], HasSubstr("all together do"));
}

TEST(Severity, FindingsAreWorseThanDoubt) {
  for (const AuditVerdict finding : {f16_grid, p11_source, truncated, widened, dequantised, mislabelled, mixed}) {
    EXPECT_GT(severity(finding), severity(undecidable));
    EXPECT_LT(severity(finding), severity(invalid));
  }
  EXPECT_GT(severity(undecidable), severity(consistent));
}

}  // namespace
}  // namespace candor::audit_internal
