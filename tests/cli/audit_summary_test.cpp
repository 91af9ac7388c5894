// Numbers, counts and classes as `candor audit` says them; documents that are written in parts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "cli/audit.h"
#include "cli/audit_sample.h"
#include "cli/audit_summary.h"
#include "cli/json_text.h"
#include "cli/svg.h"

namespace candor::cli {
namespace {

using enum AuditVerdict;
using Json = nlohmann::ordered_json;

TEST(AuditSummary, NumbersForPeople) {
  EXPECT_EQ(share_percent(3, 3), "100 %");
  EXPECT_EQ(share_percent(99999, 100000), "> 99.9 %");
  EXPECT_EQ(share_percent(1, 100000), "< 0.1 %");
  EXPECT_EQ(share_percent(0, 100000), "0.0 %");
  EXPECT_EQ(share_percent(998, 1000), "99.8 %");
  EXPECT_EQ(bits_text(2955.2), "2,955");
  EXPECT_EQ(bits_text(-310.4), "-310");
  EXPECT_EQ(bits_text(6.25), "6.2");
  EXPECT_EQ(short_number(-std::numeric_limits<double>::quiet_NaN()), "nan");
  EXPECT_EQ(with_powers("0 below 2^-17, odds 10^12 to 1, z^2, 2^, ^3"), "0 below 2⁻¹⁷, odds 10¹² to 1, z^2, 2^, ^3");
}

/// "f4" is NumPy's, "float32" PyTorch's word for f32, and NumPy's "i8" has eight bytes: only the dtype itself says how
/// wide an element is.
TEST(AuditSummary, AnElementIsAsWideAsItsDtypeHoweverTheFileSpellsIt) {
  TensorAudit tensor;
  tensor.dtype = "f4";
  tensor.element = DType::f32;
  EXPECT_EQ(element_bytes(tensor), 4u);
  EXPECT_EQ(code_text(tensor, 0x3f), "0x0000003f");
  tensor.dtype = "V2";
  tensor.element = DType::bf16;
  EXPECT_EQ(element_bytes(tensor), 2u);
  EXPECT_EQ(code_text(tensor, 0x3f), "0x003f");
  tensor.element = DType::q4_0;  // a block has bytes, an element has none of its own
  EXPECT_EQ(element_bytes(tensor), 0u);
  tensor.element = DType::any;
  EXPECT_EQ(code_text(tensor, 0x3f), "0x3f");
}

TEST(AuditSummary, WhatIsPlainToSeeHasNoBits) {
  TensorAudit tensor;
  tensor.bits = 78643199;
  tensor.verdict = structured;
  EXPECT_EQ(bits_text(tensor), "");
  tensor.verdict = dequantised;
  EXPECT_EQ(bits_text(tensor), "78,643,199");
  tensor.bits = 0;
  EXPECT_EQ(bits_text(tensor), "");
}

/// JSON has the bits of every tensor, of whatever verdict; tables those of findings only, and say what they are.
TEST(AuditSummary, BitsStandInJsonForEveryTensor) {
  CheckpointAudit checkpoint = sample_genuine_checkpoint();
  checkpoint.tensors = {sample_tensor("w", audit_internal::Route::rne)};
  checkpoint.tensors[0].verdict = consistent;
  checkpoint.tensors[0].bits = 503.25;
  std::string text;
  write_audit_json([&](std::string_view part) { text += part; }, {}, sample_report({checkpoint}));
  EXPECT_EQ(Json::parse(text)["tensors"][0]["bits"], 503.25);
  const std::string table = audit_table(sample_report({checkpoint}), true, Style{});
  EXPECT_THAT(table, ::testing::Not(::testing::HasSubstr("503")));
  EXPECT_THAT(table, ::testing::HasSubstr("\nbits are evidence for a finding, which needs 40; "));
}

TEST(AuditSummary, APathIsNamedOnce) {
  CheckpointAudit checkpoint = sample_refused_checkpoint();
  EXPECT_THAT(error_text(checkpoint), ::testing::StartsWith("safetensors: the header is "));
  checkpoint.path = "roken.safetensors";  // another file's name that ends so
  EXPECT_EQ(error_text(checkpoint), checkpoint.error);
  checkpoint.path = "";
  EXPECT_EQ(error_text(checkpoint), checkpoint.error);
}

TEST(AuditSummary, CountsOfTensorsAreWrittenOneWay) {
  CheckpointAudit checkpoint;
  checkpoint.verdict = f16_grid;
  checkpoint.tensors.resize(10000);
  for (TensorAudit& tensor : checkpoint.tensors) tensor.verdict = f16_grid;
  EXPECT_THAT(share_text(checkpoint), ::testing::StartsWith("10,000 of 10,000 tensors"));
}

TEST(AuditSummary, ClassesKeepTheOrderAndCountParameters) {
  const CheckpointAudit checkpoint = sample_f16_checkpoint();
  const auto classes = audit_classes(checkpoint);
  ASSERT_EQ(classes.size(), 4u);
  EXPECT_EQ(classes[0].tensors.size(), 3u);
  EXPECT_EQ(classes[0].elements, 3u * 256 * 512);
  EXPECT_EQ(&classes[0].first(), &checkpoint.tensors[0]);
  EXPECT_EQ(share_text(checkpoint), "3 of 7 tensors, 73.8 % of parameters");
}

TensorAudit of_kind(AuditVerdict verdict, const char* sub, std::int64_t elements) {
  TensorAudit tensor;
  tensor.verdict = verdict;
  tensor.sub = sub;
  tensor.shape = {elements};
  return tensor;
}

/// With -q the first line is all there is: what it names is counted, and what else has the verdict is told apart.
TEST(AuditSummary, OnlyTheKindThatIsNamedIsCounted) {
  CheckpointAudit c;
  c.verdict = dequantised;
  c.sub = "int3 g32";
  for (const char* kind : {"int3 g32", "int4 g32", "int5 g32"}) c.tensors.push_back(of_kind(dequantised, kind, 100));
  c.tensors.push_back(of_kind(consistent, "", 700));
  EXPECT_EQ(share_text(c), "1 of 4 tensors, 10.0 % of parameters; 3 and 30.0 % with other kinds");
  EXPECT_THAT(audit_headline(c, Style{}),
              ::testing::EndsWith("int3 g32 (1 of 4 tensors, 10.0 % of parameters; 3 and 30.0 % with other kinds)"));
  c.sub = "";  // no kind is named: all are meant
  EXPECT_EQ(share_text(c), "3 of 4 tensors, 30.0 % of parameters");
  c.verdict = mixed, c.sub = "dequantised";  // the second word names verdicts
  EXPECT_EQ(share_text(c), "3 of 4 tensors, 30.0 % of parameters");
  c.verdict = widened, c.sub = "bf16-in-f32";
  c.tensors = {of_kind(widened, "bf16-in-f32", 100), of_kind(widened, "by-design", 1)};
  EXPECT_EQ(share_text(c), "1 of 2 tensors, 99.0 % of parameters") << "a convention is no other kind of the finding";
  c.tensors = {of_kind(dequantised, "int3 g32", 0), of_kind(dequantised, "int4 g32", 0), of_kind(consistent, "", 0)};
  c.verdict = dequantised, c.sub = "int4 g32";
  EXPECT_EQ(share_text(c), "1 of 3 tensors; 2 with other kinds");
}

TEST(AuditSummary, AHeadlineOfWhatIsUndecidableHoldsForEveryReason) {
  CheckpointAudit c;
  c.path = "a.npy";
  c.tensors.push_back(of_kind(undecidable, "bf16-arithmetic", 262144));  // of values there were plenty
  EXPECT_EQ(audit_headline(c, Style{}),
            "a.npy: undecidable: the values do not tell what they went through "
            "(1 of 1 tensor, 100 % of parameters)");
}

TEST(AuditSummary, ATestThatHasDecidedOrHasThatManyElementsNeedsNoMore) {
  TensorAudit tensor = of_kind(consistent, "", 4096);
  AuditTest test;
  test.needed = 3580;
  EXPECT_EQ(elements_to_decide(tensor, test, 40), 0u);
  test.needed = 68809;
  EXPECT_EQ(elements_to_decide(tensor, test, 40), 68809u);
  for (const double bits : {41.0, -41.0}) {
    test.bits = bits;
    EXPECT_EQ(elements_to_decide(tensor, test, 40), 0u) << bits;
    EXPECT_EQ(elements_to_decide(tensor, test, 50), 68809u) << bits;
  }
  test.bits = 0;
  tensor.verdict = structured;
  EXPECT_EQ(elements_to_decide(tensor, test, 40), 0u) << "no number of values makes a table smooth";
}

std::vector<std::string> with_caveat(const TensorAudit& tensor) {
  std::vector<std::string> names;
  for (const AuditTest& test : tensor.evidence.tests)
    if (!caveat_of(tensor, test).empty()) names.push_back(test.name);
  return names;
}

TEST(AuditSummary, TestsOfSmoothDensitiesDoNotCountForOthers) {
  using ::testing::ElementsAre;
  using ::testing::IsEmpty;
  TensorAudit tensor = sample_dequantised("q");
  EXPECT_THAT(with_caveat(tensor), ElementsAre("parity", "zero mantissa"))
      << "blocks and the gate do, grid did not run";
  for (const AuditVerdict verdict : {consistent, f16_grid, p11_source, truncated, widened, undecidable}) {
    tensor.verdict = verdict;
    EXPECT_THAT(with_caveat(tensor), IsEmpty());
  }
  tensor.verdict = structured;
  EXPECT_EQ(with_caveat(tensor).size(), 2u);
  tensor.verdict = mixed;  // a part is on a quantiser's levels, or went through f16
  tensor.bits = tensor.evidence.schemes[0].bits;
  EXPECT_EQ(with_caveat(tensor).size(), 2u);
  tensor.evidence.schemes[0].bits = 12;
  EXPECT_THAT(with_caveat(tensor), IsEmpty());
  tensor.verdict = mislabelled;
  for (const char* label : {"label-vs-config", "label-vs-name"}) {
    tensor.sub = label;
    EXPECT_THAT(with_caveat(tensor), IsEmpty()) << label;
  }
  for (const char* bits : {"bit-view", "byte-swapped"}) {
    tensor.sub = bits;
    EXPECT_EQ(with_caveat(tensor).size(), 2u) << bits;
  }
}

TEST(AuditSummary, EveryFormSaysThatATestDoesNotCount) {
  CheckpointAudit checkpoint = sample_genuine_checkpoint();
  checkpoint.tensors = {sample_dequantised("q"), sample_tensor("w", audit_internal::Route::rne)};
  checkpoint.tensors[1].verdict = consistent;
  std::string page, text;
  write_audit_html([&](std::string_view part) { page += part; }, sample_report({checkpoint}));
  write_audit_json([&](std::string_view part) { text += part; }, {}, sample_report({checkpoint}));
  const std::string quantised = page.substr(0, page.find("</details>")), genuine = page.substr(quantised.size());
  constexpr const char* kCaveat = "it assumes a smooth density, which these values do not have";
  using ::testing::HasSubstr;
  using ::testing::Not;
  EXPECT_THAT(quantised, HasSubstr(std::string("does not count here: ") + kCaveat + " (54.4 % of the mantissas"));
  EXPECT_THAT(quantised, Not(HasSubstr(">382<"))) << "bits that no verdict rests on";
  EXPECT_THAT(quantised, HasSubstr(">412,345<"));
  EXPECT_THAT(quantised, Not(HasSubstr("would decide")));
  EXPECT_THAT(quantised, HasSubstr("a single rounding, had the values a smooth density, which they have not: "));
  EXPECT_THAT(quantised, HasSubstr("the dots need follow no line"));
  EXPECT_THAT(quantised, Not(::testing::AnyOf(HasSubstr("TF32 → bf16"), HasSubstr("class=\"via\""))));
  EXPECT_THAT(quantised, Not(HasSubstr("<h5>Rounded or cut off")));
  EXPECT_THAT(genuine, Not(HasSubstr(kCaveat)));
  EXPECT_THAT(genuine, ::testing::AllOf(HasSubstr("TF32 → bf16"), HasSubstr("class=\"via\"")));
  EXPECT_THAT(genuine, HasSubstr("<h5>Rounded or cut off"));
  const Json json = Json::parse(text);
  EXPECT_EQ(json["tensors"][0]["evidence"]["tests"][0]["caveat"], "");
  EXPECT_EQ(json["tensors"][0]["evidence"]["tests"][2]["caveat"], kCaveat);
  EXPECT_EQ(json["tensors"][1]["evidence"]["tests"][0]["caveat"], "");
}

/// Beside a test that has decided, or of which there are enough elements, no number stands.
TEST(AuditSummary, ThePageSaysWhatWouldDecideOnlyWhereItWould) {
  CheckpointAudit checkpoint = sample_genuine_checkpoint();
  checkpoint.tensors = {sample_tensor("w", audit_internal::Route::from_f16)};
  AuditTest grid;
  grid.name = "grid";
  grid.text = "59 values";
  grid.needed = 9000000;
  checkpoint.tensors[0].evidence.tests.push_back(grid);
  checkpoint.tensors[0].evidence.tests[0].needed = 9000001;  // parity has decided
  checkpoint.tensors[0].evidence.tests[1].needed = 3582;     // there are 131,072
  const auto page_of = [&](double threshold) {
    AuditReport report = sample_report({checkpoint});
    report.threshold_bits = threshold;
    std::string page;
    write_audit_html([&](std::string_view part) { page += part; }, report);
    return page;
  };
  const std::string page = page_of(40);
  EXPECT_THAT(page, ::testing::HasSubstr("59 values; 9,000,000 elements of this spread would decide</td>"));
  EXPECT_EQ(page.find("would decide"), page.rfind("would decide"));
  EXPECT_THAT(page_of(1e6), ::testing::HasSubstr("; 9,000,001 elements of this spread would decide</td>"));
}

/// Findings have their note below them; all others have a line of the table only.
TEST(AuditSummary, EveryNoteReachesTheTerminalWhenAllTensorsDo) {
  CheckpointAudit checkpoint = sample_genuine_checkpoint();
  const auto table = [&](bool every_tensor) { return audit_table(sample_report({checkpoint}), every_tensor, Style{}); };
  ASSERT_EQ(checkpoint.tensors[0].note, "stochastic rounding is not excluded");
  EXPECT_THAT(table(true), ::testing::HasSubstr("odd alike. Note: stochastic rounding is not excluded\n"));
  EXPECT_THAT(table(false), ::testing::Not(::testing::HasSubstr("stochastic")));
}

TEST(AuditSummary, WhatWouldDecideIsTheJudgesWord) {
  CheckpointAudit c;
  c.tensors.push_back(of_kind(undecidable, "low-power", 64));
  TensorAudit& tensor = c.tensors.back();
  tensor.name = "w";
  tensor.sentence = "Why.";
  const auto line = [&](const char* sub, const char* would_change) {
    tensor.sub = sub;
    tensor.would_change = would_change;
    const std::string table = audit_table(sample_report({c}), false, Style{});
    const std::size_t at = table.find(std::string("undecidable/").append(sub).append(": "));
    return table.substr(at, table.find('\n', at) - at);
  };
  EXPECT_EQ(line("low-power", "more values"), "undecidable/low-power: w: Why; needs more values, has 64");
  EXPECT_EQ(line("low-power", ""), "undecidable/low-power: w: Why.");
  EXPECT_EQ(line("no-support", "nothing in the file"), "undecidable/no-support: w: Why.");
  EXPECT_EQ(line("other-grid", "an original"), "undecidable/other-grid: w: Why; what would change this: an original");
}

std::string in_parts(const Json& document, const std::string& member, const std::vector<Json>& items) {
  std::string text;
  write_json([&](std::string_view part) { text += part; }, document, member,
             [&](const auto& add) {
               for (const Json& item : items) add(item);
             });
  return text;
}

TEST(WriteJson, IsTheTextOfTheWholeDocument) {
  const Json document = {{"first", "\"items\": []\n"}, {"runs", Json::array({{{"items", Json::array()}, {"k", 1}}})}};
  const std::vector<std::vector<Json>> cases = {
      {}, {Json::object()}, {1, "a\nb", nullptr}, {{{"x", {1, 2}}}, Json::array()}, {"\xff\x01\"items\": []"}};
  for (const std::vector<Json>& items : cases) {
    Json whole = document;
    for (const Json& item : items) whole["runs"][0]["items"].push_back(item);
    EXPECT_EQ(in_parts(document, "items", items), json_text(whole));
  }
  EXPECT_THROW(in_parts(document, "none", {}), std::logic_error);
}

}  // namespace
}  // namespace candor::cli
