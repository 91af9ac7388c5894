// A hundred seeds, and no finding: the random operands of canaries and of the comparisons of bits do not matter.
#include <gtest/gtest.h>

#include "candor/prove.h"

namespace candor::test {
namespace {

TEST(Seeds, NoneOfAHundredGivesAFinding) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const ProveReport report = prove_kernels({.quick = true, .code = false, .seed = seed});
    EXPECT_GT(report.rows.size(), 100u);
    EXPECT_GT(report.checks.size(), 100u);
    for (const RowProof& row : report.rows)
      EXPECT_EQ(row.verdict, ProofVerdict::proven) << "seed " << seed << ": " << row.op << " " << row.finding;
    for (const ProofCheck& check : report.checks)
      EXPECT_EQ(check.verdict, ProofVerdict::proven) << "seed " << seed << ": " << check.what << " " << check.finding;
  }
}

}  // namespace
}  // namespace candor::test
