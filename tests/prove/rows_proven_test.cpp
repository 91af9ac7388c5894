// Every row of every built backend that this machine runs is proven, those of lower instruction sets too.
#include <gtest/gtest.h>

#include <set>
#include <tuple>

#include "candor/machine.h"
#include "candor/prove.h"

namespace candor::test {
namespace {

using Key = std::tuple<std::string, std::string, std::string, std::string, std::string, DType, DType>;

template <class Row>
Key key_of(const Row& row) {
  return {
      row.backend, row.op, row.kernel, row.isa, row.instruction_class, row.precision.compute, row.precision.accumulate};
}

std::string text_of(const Key& key) {
  return std::get<0>(key) + " " + std::get<1>(key) + " " + std::get<2>(key) + " " + std::get<3>(key);
}

TEST(Rows, EveryOneIsTriedAndProven) {
  const ProveReport report = prove_kernels({.checks = false});
  std::set<Key> tried;
  for (const RowProof& row : report.rows) {
    tried.insert(key_of(row));
    EXPECT_EQ(row.verdict, ProofVerdict::proven)
        << text_of(key_of(row)) << " " << to_string(row.precision) << ": " << row.finding;
  }
  for (const KernelListing& kernel : list_kernels())
    EXPECT_EQ(tried.count(key_of(kernel)), kernel.built && kernel.runs_here) << text_of(key_of(kernel));
  EXPECT_GT(report.rows.size(), 500u);
}

}  // namespace
}  // namespace candor::test
