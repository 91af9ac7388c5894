// What `candor prove` writes: tables, findings, JSON and the page.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "cli/json_text.h"
#include "cli/prove.h"

namespace candor::cli {
namespace {

ProveReport report_of(std::initializer_list<ProofVerdict> verdicts) {
  ProveReport report;
  report.seconds = 9.8;
  for (const ProofVerdict verdict : verdicts) {
    RowProof row;
    row.backend = "cpu";
    row.op = "matmul";
    row.kernel = "cpu/matmul/matmul_packed";
    row.isa = report.rows.empty() ? "avx512" : "avx2";
    row.instruction_class = "f32-fma-ftz";
    row.precision = {.a = DType::bf16, .b = DType::bf16, .out = DType::f32};
    row.verdict = verdict;
    report.rows.push_back(row);
  }
  return report;
}

TEST(ProveText, SummaryCountsWithCommas) {
  ProveReport report = report_of({ProofVerdict::mismatch});
  EXPECT_EQ(prove_summary(report), "1 row: 0 proven, 0 unseen, 1 mismatch; 9.8 s");
  report = report_of({});
  report.rows.resize(1051);
  EXPECT_EQ(prove_summary(report), "1,051 rows: 1,051 proven, 0 unseen, 0 mismatches; 9.8 s");
}

TEST(ProveText, RowsOfOneKernelShareALine) {
  const ProveReport report = report_of({ProofVerdict::proven, ProofVerdict::unseen});
  const std::string table = prove_table(report, false);
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 2);
  EXPECT_NE(table.find("avx512,avx2"), std::string::npos) << table;
  EXPECT_NE(table.find("1 proven, 1 unseen, 0 mismatches"), std::string::npos) << table;
  const std::string rows = prove_table(report, true);
  EXPECT_EQ(std::count(rows.begin(), rows.end(), '\n'), 3);
}

TEST(ProveText, FindingsNameRowAndAnswer) {
  ProveReport report = report_of({ProofVerdict::proven, ProofVerdict::mismatch});
  EXPECT_EQ(prove_findings(report_of({ProofVerdict::proven})), "");
  report.rows[1].finding = "accumulation: bf16, not f32 (257 ones: 257 was predicted, 256 came out (M=1))";
  report.rows[1].answers = {{"NaN", "kept", "kept", "", ProofVerdict::proven},
                            {"accumulation", "f32", "bf16", "", ProofVerdict::mismatch}};
  EXPECT_EQ(prove_findings(report),
            "mismatch: matmul bf16·bf16→f32 f32/f32 cpu/matmul/matmul_packed avx2 f32-fma-ftz\n"
            "  accumulation: bf16, not f32 (257 ones: 257 was predicted, 256 came out (M=1))\n");
}

TEST(ProveText, ChecksStandBesideRows) {
  ProveReport report = report_of({ProofVerdict::proven});
  report.checks = {{"bytes", "tensor bf16[4]", "2 bytes an element", "4 bytes an element", "16 bytes allocated",
                    ProofVerdict::mismatch, "bf16 takes 4 bytes an element, not 2"}};
  EXPECT_FALSE(report.all_proven());
  EXPECT_EQ(prove_summary(report),
            "1 row: 1 proven, 0 unseen, 0 mismatches; 1 check: 0 proven, 0 unseen, 1 mismatch; 9.8 s");
  EXPECT_EQ(prove_findings(report),
            "mismatch: bytes: tensor bf16[4]\n"
            "  bf16 takes 4 bytes an element, not 2\n"
            "  claimed 2 bytes an element, found 4 bytes an element (16 bytes allocated)\n");
  EXPECT_NE(prove_table(report, false).find("tensor bf16[4]"), std::string::npos);
  EXPECT_EQ(prove_json({}, report)["checks"][0]["verdict"], "mismatch");
  EXPECT_NE(prove_html({}, report).find("bf16 takes 4 bytes an element, not 2"), std::string::npos);
}

TEST(ProveText, JsonHasWordsForWhatIsNoNumber) {
  ProveReport report = report_of({ProofVerdict::proven});
  const double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  report.rows[0].canaries = {{"NaN weight", "1·nan", nan, nan, -infinity, false}};
  const auto json = prove_json({}, report);
  EXPECT_EQ(json["schema"], "candor-prove-1");
  EXPECT_EQ(json["rows"][0]["canaries"][0]["claimed_low"], "nan");
  EXPECT_EQ(json["rows"][0]["canaries"][0]["found"], "-inf");
  EXPECT_TRUE(json["rows"][0]["code"].is_null());
}

TEST(ProveText, ThePageIsWholeAndTakesNoTextForMarkup) {
  ProveReport report = report_of({ProofVerdict::mismatch});
  report.rows[0].finding = "</script><b>";
  report.rows[0].kernel = "a<b>&\"c";
  report.notes = {"<i>"};
  const std::string page = prove_html({}, report);
  EXPECT_EQ(page.find("</script><b>"), std::string::npos);
  EXPECT_EQ(page.find("<b>"), std::string::npos);
  EXPECT_EQ(page.find("<i>"), std::string::npos);
  EXPECT_NE(page.find("a&lt;b&gt;&amp;&quot;c"), std::string::npos);
  for (const char* outside : {"http://", "https://", "src=", "url(", "@import", "<link"})
    EXPECT_EQ(page.find(outside), std::string::npos) << outside;
}

}  // namespace
}  // namespace candor::cli
