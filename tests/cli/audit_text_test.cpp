// What `candor audit` writes: exit code, table, JSON, SARIF and the page, from reports made by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>
#include <regex>
#include <set>

#include "cli/audit.h"
#include "cli/audit_sample.h"
#include "cli/audit_summary.h"
#include "cli/audit_words.h"
#include "cli/json_text.h"
#include "cli/svg.h"

namespace candor::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using enum AuditVerdict;

AuditReport report_of(std::initializer_list<AuditVerdict> tensors, AuditVerdict checkpoint = consistent) {
  CheckpointAudit c;
  c.path = "a.safetensors";
  c.verdict = checkpoint;
  for (const AuditVerdict verdict : tensors) {
    TensorAudit tensor;
    tensor.verdict = verdict;
    c.tensors.push_back(tensor);
  }
  return sample_report({c});
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++count;
  return count;
}

using Json = nlohmann::ordered_json;

Json audit_json(const AuditReport& report) {
  std::string text;
  write_audit_json([&](std::string_view part) { text += part; }, {}, report);
  return Json::parse(text);
}

Json audit_sarif(const AuditReport& report) {
  std::string text;
  write_audit_sarif([&](std::string_view part) { text += part; }, {}, report);
  return Json::parse(text);
}

std::string audit_html(const AuditReport& report) {
  std::string text;
  write_audit_html([&](std::string_view part) { text += part; }, report);
  return text;
}

std::string table_of(const CheckpointAudit& checkpoint, bool every_tensor = false) {
  return audit_table(sample_report({checkpoint}), every_tensor, Style{});
}

TEST(AuditExitCode, RejectedBeforeFindingBeforeUndecidable) {
  EXPECT_EQ(audit_exit_code(report_of({consistent, structured, unsupported}), true), 0);
  EXPECT_EQ(audit_exit_code(report_of({consistent, undecidable}), false), 0);
  EXPECT_EQ(audit_exit_code(report_of({consistent, undecidable}), true), 2);
  EXPECT_EQ(audit_exit_code(report_of({unsupported}, unsupported), true), 2);  // nothing could be looked at
  EXPECT_EQ(audit_exit_code(report_of({}, undecidable), true), 2);             // no tensor says so, the path does
  EXPECT_EQ(audit_exit_code(report_of({}, undecidable), false), 0);
  for (const AuditVerdict finding : {f16_grid, p11_source, truncated, widened, dequantised, mislabelled, mixed})
    EXPECT_EQ(audit_exit_code(report_of({undecidable, finding}), true), 1);
  EXPECT_EQ(audit_exit_code(report_of({consistent}, mislabelled), false), 1);
  EXPECT_EQ(audit_exit_code(report_of({f16_grid, invalid}), true), 3);
  AuditReport two = sample_report({sample_f16_checkpoint(), sample_refused_checkpoint()});
  EXPECT_EQ(audit_exit_code(two, false), 3);
}

TEST(AuditExitCode, WhatAFormatWantsWiderIsNoFinding) {
  AuditReport report = report_of({widened, consistent}, widened);
  EXPECT_EQ(audit_exit_code(report, true), 1);
  EXPECT_EQ(audit_sarif(report)["runs"][0]["results"].size(), 1u);
  report.checkpoints[0].sub = report.checkpoints[0].tensors[0].sub = kAuditByDesign;
  EXPECT_EQ(audit_exit_code(report, true), 0);
  EXPECT_TRUE(audit_sarif(report)["runs"][0]["results"].empty());
}

TEST(AuditWords, EveryVerdictHasItsOwn) {
  std::set<std::string_view> phrases;
  for (int i = 0; i < static_cast<int>(kVerdictCount); ++i) {
    const VerdictWords& words = words_of(static_cast<AuditVerdict>(i));
    EXPECT_EQ(static_cast<int>(words.verdict), i);
    EXPECT_TRUE(phrases.insert(words.phrase).second) << words.phrase;
    EXPECT_FALSE(words.meaning.empty() || words.advice.empty());
    EXPECT_EQ(words.level != "none", is_audit_finding(words.verdict) || words.verdict == invalid) << words.phrase;
  }
  EXPECT_EQ(phrase_of(widened, "bf16-in-f32"), "bf16 values are stored as f32");
  EXPECT_EQ(sentence_case(phrase_of(widened, "bf16-in-f32")), "bf16 values are stored as f32");
  EXPECT_EQ(sentence_case(phrase_of(f16_grid, "")), "The weights went through f16 on the way");
}

TEST(AuditTable, FirstLineAnswers) {
  const std::string table = table_of(sample_f16_checkpoint());
  EXPECT_THAT(table, ::testing::StartsWith("models/some-8b/model.safetensors: f16-grid/from-f16: the weights went "
                                           "through f16 on the way (3 of 7 tensors, 73.8 % of parameters)\n"));
  EXPECT_EQ(count_of(table, "\x1b"), 0u);
}

TEST(AuditTable, OneLineForEachClassThenWitnesses) {
  const std::string table = table_of(sample_f16_checkpoint());
  EXPECT_EQ(count_of(table, "model.layers.1.mlp.up_proj.weight"), 2u) << table;  // the last two of eight witnesses
  EXPECT_THAT(table, HasSubstr("f16-grid/from-f16: model.layers.0.mlp.down_proj.weight and 2 more\n"));
  EXPECT_THAT(table, HasSubstr("what would change this: one value off the lattice"));
  EXPECT_THAT(table, HasSubstr("[0, 372]         4840  -7.153e-07   -7.153e-07  on f16's grid"));
  EXPECT_THAT(table,
              HasSubstr("undecidable/low-power: model.layers.0.post_attention_layernorm.weight and 1 more: no "
                        "value lies below 2^-17, where f16 is coarser than bf16; needs about 2,500,000 values of "
                        "this spread, has 4,096\n"));
  EXPECT_THAT(table, Not(HasSubstr("a table of powers")));
  const std::string every = table_of(sample_f16_checkpoint(), true);
  EXPECT_THAT(every, HasSubstr("a table of powers"));
  for (const TensorAudit& tensor : sample_f16_checkpoint().tensors) EXPECT_THAT(every, HasSubstr("\n" + tensor.name));
}

TEST(AuditTable, NothingFromAFileReachesTheTerminalAsControl) {
  for (const bool every : {false, true}) {
    const std::string table = table_of(sample_all_verdicts(), every);
    EXPECT_EQ(count_of(table, "\x1b"), 0u);
    EXPECT_EQ(count_of(table, "\xff"), 0u);
  }
}

TEST(AuditTable, ARefusedFileIsOneLineWithItsError) {
  const std::string table = table_of(sample_refused_checkpoint());
  EXPECT_THAT(table, ::testing::StartsWith("broken.safetensors: invalid: safetensors: the header"));
}

TEST(AuditJson, ReadsAsIfItHadBeenWrittenAtOnce) {
  const AuditReport report = sample_report({sample_refused_checkpoint(), sample_all_verdicts()});
  std::vector<std::string> parts;
  const auto sink = [&](std::string_view part) { parts.emplace_back(part); };
  const auto whole = [&] { return std::accumulate(parts.begin(), parts.end(), std::string()); };
  write_audit_json(sink, {}, report);
  EXPECT_EQ(whole(), json_text(Json::parse(whole())));
  EXPECT_GE(parts.size(), 17u);  // a tensor each, between a beginning and an end
  parts.clear();
  write_audit_sarif(sink, {}, report);
  EXPECT_EQ(whole(), json_text(Json::parse(whole())));
  EXPECT_GE(parts.size(), 11u);  // the same with results
}

TEST(AuditJson, HasWhatReadersAreToldAndWordsForWhatIsNoNumber) {
  const auto json = audit_json(sample_report({sample_refused_checkpoint(), sample_all_verdicts()}));
  EXPECT_EQ(json["schema"], "candor-audit-1");
  EXPECT_EQ(json["verdict"], "invalid");
  EXPECT_EQ(json["exit_code"], 3);
  EXPECT_EQ(json["counts"]["f16-grid"], 3);
  EXPECT_EQ(json["checkpoints"].size(), 2u);
  ASSERT_EQ(json["tensors"].size(), 15u);
  EXPECT_EQ(json["tensors"][0]["checkpoint"], 1);
  EXPECT_EQ(json["tensors"][0]["evidence"]["off_grid"], 0);
  EXPECT_EQ(json["tensors"][0]["evidence"]["elements"], 131072);
  EXPECT_EQ(json["tensors"][0]["witnesses"][0]["code"], "0xb540");
  const auto& broken = json["tensors"][14];
  EXPECT_EQ(broken["evidence"]["sigma"], "nan");
  EXPECT_EQ(broken["evidence"]["largest"], "-inf");
  EXPECT_EQ(broken["witnesses"][0]["value"], "nan");
  EXPECT_TRUE(broken["evidence"]["share"].is_null());
  EXPECT_EQ(json["tensors"][12]["evidence"]["share"]["low"], 0.85);
  EXPECT_NE(json["tensors"][13]["name"].get<std::string>().find("\uFFFD"), std::string::npos);  // was no UTF-8
}

TEST(AuditSarif, OneResultForEachFindingAndRefusedFile) {
  const CheckpointAudit all = sample_all_verdicts();
  const auto sarif = audit_sarif(sample_report({sample_refused_checkpoint(), all}));
  EXPECT_EQ(sarif["version"], "2.1.0");
  const auto& run = sarif["runs"][0];
  const auto findings = std::count_if(all.tensors.begin(), all.tensors.end(),
                                      [](const TensorAudit& tensor) { return is_audit_finding(tensor.verdict); });
  ASSERT_EQ(run["results"].size(), static_cast<std::size_t>(findings) + 1);
  for (const auto& result : run["results"]) {
    const auto& rule = run["tool"]["driver"]["rules"][result["ruleIndex"].get<std::size_t>()];
    EXPECT_EQ(rule["id"], result["ruleId"]);
    EXPECT_EQ(rule["defaultConfiguration"]["level"], result["level"]);
    const bool error = rule["id"] == "candor/mislabelled" || rule["id"] == "candor/invalid";
    EXPECT_EQ(result["level"], error ? "error" : rule["id"] == "candor/widened" ? "note" : "warning") << rule["id"];
    const auto& artifact = result["locations"][0]["physicalLocation"]["artifactLocation"];
    EXPECT_EQ(run["artifacts"][artifact["index"].get<std::size_t>()]["location"]["uri"], artifact["uri"]);
  }
  EXPECT_EQ(run["results"][0]["ruleId"], "candor/invalid");
  EXPECT_EQ(run["results"][0]["level"], "error");
  const auto& location = run["results"][1]["locations"][0];
  EXPECT_EQ(location["logicalLocations"][0]["fullyQualifiedName"], all.tensors[0].name);
  EXPECT_EQ(location["physicalLocation"]["region"]["byteOffset"], all.tensors[0].witnesses[0].offset);
  EXPECT_EQ(location["physicalLocation"]["region"]["byteLength"], 2);
  EXPECT_EQ(run["results"][1]["relatedLocations"].size(), 2u);
}

TEST(AuditSarif, AFindingThatOnlyTheCheckpointHasIsAResult) {
  AuditReport report = report_of({consistent}, mislabelled);
  report.checkpoints[0].path = "/a folder/mo#del%.safetensors";
  const auto results = audit_sarif(report)["runs"][0]["results"];
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0]["ruleId"], "candor/mislabelled");
  EXPECT_EQ(results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
            "file:///a%20folder/mo%23del%25.safetensors");
  EXPECT_TRUE(audit_sarif(sample_report({sample_genuine_checkpoint()}))["runs"][0]["results"].empty());
}

TEST(AuditPage, IsWholeAndTakesNoTextForMarkup) {
  const std::string page = audit_html(sample_report({sample_refused_checkpoint(), sample_all_verdicts()}));
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_EQ(page.find("<b>&"), std::string::npos);
  EXPECT_EQ(page.find("<i>"), std::string::npos);
  EXPECT_EQ(page.find('\x1b'), std::string::npos);
  EXPECT_THAT(page, HasSubstr("all&lt;b&gt;&amp;&quot;verdicts.safetensors"));
  for (const char* outside : {"http://", "https://", "src=", "url(", "@import", "<link"})
    EXPECT_EQ(page.find(outside), std::string::npos) << outside;
  for (const char* element : {"section", "details", "table", "figure", "svg", "div", "p", "dl"})
    EXPECT_EQ(count_of(page, std::string("</") + element + ">"),
              count_of(page, std::string("<") + element + ">") + count_of(page, std::string("<") + element + " "))
        << element;
}

TEST(AuditPage, EveryLinkHasATarget) {
  const std::string page = audit_html(sample_report({sample_f16_checkpoint(), sample_all_verdicts()}));
  const std::regex link("href=\"#([^\"]*)\"");
  std::size_t links = 0;
  for (std::sregex_iterator it(page.begin(), page.end(), link), end; it != end; ++it, ++links)
    EXPECT_EQ(count_of(page, "id=\"" + (*it)[1].str() + "\""), 1u) << (*it)[1];
  EXPECT_GT(links, 30u);
}

TEST(AuditPage, PicturesShowTheValues) {
  const CheckpointAudit checkpoint = sample_f16_checkpoint();
  const std::string page = audit_html(sample_report({checkpoint}));
  const std::string first = page.substr(0, page.find("</details>"));
  const AuditEvidence& evidence = checkpoint.tensors[0].evidence;
  EXPECT_EQ(count_of(first, "class=\"observed\"/>"), evidence.binades.size());
  EXPECT_EQ(count_of(first, "class=\"expected\"/>"), 2u);  // the curve and its key
  EXPECT_THAT(first, HasSubstr("▼ off it: 0</span>"));
  EXPECT_EQ(count_of(first, "class=\"off\"/>"), 0u);
  const std::string genuine = audit_html(sample_report({sample_genuine_checkpoint()}));
  EXPECT_GE(count_of(genuine, "class=\"off\"/>"), 1u);
  EXPECT_EQ(page.find("nan"), std::string::npos);  // no coordinate came out wrong
}

TEST(AuditPage, BlocksOfFewValuesStandLeftOfOrdinaryOnes) {
  CheckpointAudit checkpoint = sample_f16_checkpoint();
  checkpoint.tensors.resize(1);
  checkpoint.tensors[0].evidence.distinct_per_block = {{"32 along rows", 32, {0, 0, 0, 0, 0, 0, 0, 0, 9}, 31.6}};
  const std::string page = audit_html(sample_report({checkpoint}));
  const std::string figure = page.substr(page.find("Different values in blocks of 32"));
  const std::regex bar("<rect x=\"([0-9.]+)\""), line("<line x1=\"([0-9.]+)\""), tick("<text x=\"([0-9.]+)\"");
  std::smatch at;
  ASSERT_TRUE(std::regex_search(figure, at, bar));
  EXPECT_LT(std::stod(at[1]), 120) << "8 of 32, a quarter of the way";
  ASSERT_TRUE(std::regex_search(figure, at, line));
  EXPECT_GT(std::stod(at[1]), 370) << "31.6 of 32";
  double before = -100;
  std::size_t ticks = 0;
  for (std::sregex_iterator it(figure.begin(), figure.end(), tick), end; it != end && ticks < 5; ++it, ++ticks) {
    EXPECT_GT(std::stod((*it)[1]), before + 40) << "figures of the axis do not fall on each other";
    before = std::stod((*it)[1]);
  }
  EXPECT_EQ(ticks, 5u);
}

TEST(AuditPage, HistoriesOfBf16AreDrawnOnlyBesideBf16) {
  CheckpointAudit checkpoint = sample_f16_checkpoint();
  checkpoint.tensors.resize(1);
  EXPECT_THAT(audit_html(sample_report({checkpoint})), HasSubstr("TF32 → bf16"));
  checkpoint.tensors[0].element = DType::f32;
  const std::string page = audit_html(sample_report({checkpoint}));
  EXPECT_THAT(page, HasSubstr("Even mantissas"));
  EXPECT_EQ(page.find("TF32 → bf16"), std::string::npos);
}

TEST(AuditPage, CoordinatesAreNumbersWhateverTheEvidence) {
  TensorAudit odd = sample_tensor("odd", audit_internal::Route::rne);
  odd.verdict = mixed;
  odd.evidence.sigma = 0;
  odd.evidence.binades = {{-133, 1, 0}, {127, 9, 9}};
  odd.evidence.distinct_per_block = {{"row", 4, {}, 0}, {"row", 4, {0, 0}, 0}, {"tensor", 16384, {0, 5}, 1955}};
  CheckpointAudit checkpoint = sample_f16_checkpoint();
  for (const double sigma : {0.0, 1e-30, 1e30}) {
    odd.evidence.sigma = sigma;
    checkpoint.tensors = {odd};
    const std::string page = audit_html(sample_report({checkpoint}));
    EXPECT_FALSE(std::regex_search(page, std::regex("=\"-?(nan|inf)|[ML] ?-?(nan|inf)"))) << sigma;
  }
}

}  // namespace
}  // namespace candor::cli
