// Every row of every built backend against its claims (DESIGN §6): exact, bound, quality, claims. A row whose ISA this
// machine (or CANDOR_ISA) does not have is skipped, never passed.
#include <gtest/gtest.h>

#include "kernels/rows.h"
#include "kernels/suite.h"

namespace candor::test {
namespace {

#ifdef CANDOR_SLOW_ROWS
constexpr Level kLevel = Level::slow;
constexpr std::uint64_t kSeeds = 3;
#else
constexpr Level kLevel = Level::fast;
constexpr std::uint64_t kSeeds = 1;
#endif

constexpr double kLeastOfBound = 0.002;  // what a row's largest error must be of its bound, or the bound says nothing
constexpr std::int64_t kEnoughResults = 256;  // of one config, to compare its errors with the plain loop's

class Rows : public testing::TestWithParam<NamedRow> {
 protected:
  void SetUp() override {
    if (!runs_here(GetParam()))
      GTEST_SKIP() << "needs " << isa_name(GetParam().row->isa)
                   << "; active: " << isa_name(GetParam().backend->active_isa());
  }

  const KernelRow& row() const { return *GetParam().row; }
  const OpSuite& suite() const { return suite_of(row().op); }
  bool is_exact_op() const {
    return suite().error_model() == ErrorModel::exact || suite().error_model() == ErrorModel::selection;
  }
  Trial trial(int config, Inputs inputs, std::uint64_t seed) const {
    return {.row = &row(),
            .stream = &GetParam().backend->stream(),
            .level = kLevel,
            .config = config,
            .inputs = inputs,
            .seed = seed};
  }
  std::string describe_trial(const Trial& t) const {
    return suite().text(row().precision, kLevel, t.config) + " inputs=" + std::to_string(static_cast<int>(t.inputs)) +
           " seed=" + std::to_string(t.seed);
  }

  // run(trial) over configs, seeds and inputs; at least one must have been checked. Stops at the first failure.
  template <class Run>
  void for_each_trial(std::initializer_list<Inputs> inputs, const Run& run) const {
    int checked = 0;
    for (int config = 0; config < suite().configs(row().precision, kLevel); ++config)
      for (std::uint64_t seed = 1; seed <= kSeeds; ++seed)
        for (const Inputs kind : inputs) {
          const Trial t = trial(config, kind, seed + static_cast<std::uint64_t>(config) * 100);
          const Outcome outcome = run(t);
          checked += outcome.checked;
          ASSERT_TRUE(outcome.comparison.ok) << describe_trial(t) << ": " << outcome.comparison.message << "; "
                                             << outcome.comparison.differences << " differences";
        }
    EXPECT_GT(checked, 0) << "the row refused every case";
  }
};

TEST_P(Rows, Exact) {
  for_each_trial({Inputs::exact}, [&](const Trial& t) { return suite().exact(t); });
}

TEST_P(Rows, Bound) {
  double worst = 0;
  const auto within_bound = [&](const Trial& t) {
    const Outcome outcome = suite().bound(t);
    worst = std::max(worst, outcome.comparison.worst);
    return outcome;
  };
  if (is_exact_op()) {
    for_each_trial({Inputs::uniform, Inputs::normal, Inputs::wide, Inputs::specials},
                   [&](const Trial& t) { return suite().exact(t); });
    return;
  }
  if (kLevel == Level::slow) {
    for_each_trial({Inputs::uniform, Inputs::normal, Inputs::wide}, within_bound);
  } else {  // each config with one kind of inputs, in turn
    for_each_trial({Inputs::uniform}, [&](Trial t) {
      constexpr Inputs kKinds[] = {Inputs::normal, Inputs::uniform, Inputs::wide};
      t.inputs = kKinds[t.config % 3];
      return within_bound(t);
    });
  }
  RecordProperty("worst_error_of_bound", std::to_string(worst));
  EXPECT_GT(worst, kLeastOfBound) << "no error comes near the bound: it would not notice much";
}

// For rows that compute: exact ones equal the reference, which is more.
class ArithmeticRows : public Rows {};

// Every config with enough results to judge, and all of them together, each in units of its own results' size.
TEST_P(ArithmeticRows, Quality) {
  double kernel = 0, plain = 0;
  std::int64_t elements = 0;
  for_each_trial({Inputs::normal}, [&](const Trial& t) {
    const Outcome outcome = suite().quality(t);
    if (!outcome.checked || outcome.size == 0) return outcome;
    const auto weight = static_cast<double>(outcome.elements) / (outcome.size * outcome.size);
    kernel += weight * outcome.error * outcome.error;
    plain += weight * outcome.plain_error * outcome.plain_error;
    elements += outcome.elements;
    if (outcome.elements >= kEnoughResults) {
      EXPECT_LE(outcome.error, 2 * outcome.plain_error) << describe_trial(t) << ": root mean square errors";
    }
    return outcome;
  });
  EXPECT_GE(elements, 64) << "too few results to judge";
  EXPECT_LE(kernel, 4 * plain) << "root mean square error " << std::sqrt(kernel / static_cast<double>(elements))
                               << ", plain loop " << std::sqrt(plain / static_cast<double>(elements));
}

TEST_P(Rows, Claims) {
  EXPECT_GT(suite().claims(row(), GetParam().backend->stream()), 0) << "the row refused every case";
}

std::vector<NamedRow> arithmetic_rows() {
  std::vector<NamedRow> rows = built_rows();
  std::erase_if(rows, [](const NamedRow& named) {
    const ErrorModel model = suite_of(named.row->op).error_model();
    return model == ErrorModel::exact || model == ErrorModel::selection;
  });
  return rows;
}

std::string name_of(const testing::TestParamInfo<NamedRow>& info) { return test_name(info.param); }
INSTANTIATE_TEST_SUITE_P(All, Rows, testing::ValuesIn(built_rows()), name_of);
INSTANTIATE_TEST_SUITE_P(All, ArithmeticRows, testing::ValuesIn(arithmetic_rows()), name_of);

TEST(Suites, EveryOpHasCasesAndARow) {
  for (const auto& suite : all_suites()) {
    bool found = false;
    for (const NamedRow& named : built_rows()) {
      if (named.row->op != suite->op()) continue;
      found = true;
      EXPECT_GT(suite->configs(named.row->precision, kLevel), 5) << suite->op();
    }
    EXPECT_TRUE(found) << "no built backend has a row for " << suite->op();
  }
}

TEST(Suites, RowNamesAreDistinct) {
  std::vector<std::string> names;
  for (const NamedRow& named : built_rows()) names.push_back(test_name(named));
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
}

}  // namespace
}  // namespace candor::test
