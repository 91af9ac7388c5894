// The same bits (DESIGN §5): of every ISA's row of an op and precision, with 1, 2 and 3 threads.
#include <gtest/gtest.h>

#include <map>
#include <tuple>

#include "candor/machine.h"
#include "kernels/rows.h"
#include "kernels/suite.h"

namespace candor::test {
namespace {

using Key = std::tuple<std::string_view, DType, DType, DType, DType, DType>;

Key key_of(const KernelRow& row) {
  const Precision& p = row.precision;
  return {row.op, p.a, p.b, p.out, p.compute, p.accumulate};
}

std::map<Key, std::vector<NamedRow>> rows_by_precision() {
  std::map<Key, std::vector<NamedRow>> groups;
  for (const NamedRow& named : built_rows())
    if (runs_here(named)) groups[key_of(*named.row)].push_back(named);
  return groups;
}

class SameBits : public testing::TestWithParam<std::string_view> {
 protected:
  void TearDown() override { set_threads(before_); }
  const int before_ = threads();
};

// Every row of one precision on one config: the first accepted run is what all others must equal.
void compare_rows(const std::vector<NamedRow>& rows, int config, Inputs inputs, int& compared) {
  const OpSuite& suite = suite_of(rows[0].row->op);
  std::vector<std::byte> first;
  std::string first_name;
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (int count = 1; count <= 3; ++count) {
      if (i > 0 && count != config / 3 % 3 + 1) continue;  // all counts for the best row, one each for the others
      set_threads(count);
      const Trial trial{
          .row = rows[i].row, .stream = &rows[i].backend->stream(), .config = config, .inputs = inputs, .seed = 11};
      std::vector<std::byte> bytes;
      if (!suite.bytes(trial, bytes).checked) continue;
      const std::string name = test_name(rows[i]) + " with " + std::to_string(count) + " threads";
      if (first_name.empty()) {
        first = bytes;
        first_name = name;
        continue;
      }
      ++compared;
      ASSERT_EQ(first.size(), bytes.size());
      const auto where = std::mismatch(first.begin(), first.end(), bytes.begin()).first - first.begin();
      ASSERT_EQ(where, static_cast<std::ptrdiff_t>(first.size()))
          << first_name << " and " << name << " differ at byte " << where << " of "
          << suite.text(rows[i].row->precision, Level::fast, config);
    }
}

TEST_P(SameBits, AcrossIsasAndThreads) {
  int compared = 0;
  for (const auto& [key, rows] : rows_by_precision()) {
    if (std::get<0>(key) != GetParam()) continue;
    for (int config = 0; config < suite_of(GetParam()).configs(rows[0].row->precision, Level::fast); ++config) {
      constexpr Inputs kKinds[] = {Inputs::normal, Inputs::wide, Inputs::specials};
      compare_rows(rows, config, kKinds[config % 3], compared);
      if (HasFatalFailure()) return;
    }
  }
  EXPECT_GT(compared, 0);
}

std::vector<std::string_view> op_names() {
  std::vector<std::string_view> names;
  for (const auto& suite : all_suites()) names.push_back(suite->op());
  return names;
}

INSTANTIATE_TEST_SUITE_P(All, SameBits, testing::ValuesIn(op_names()),
                         [](const testing::TestParamInfo<std::string_view>& info) { return std::string(info.param); });

}  // namespace
}  // namespace candor::test
