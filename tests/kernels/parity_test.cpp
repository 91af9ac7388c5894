// The parity matrix: f32, f16 and bf16 storage of the same op family with the accumulation dtype fixed at f32. Errors
// must be ordered as the formats are, and each within twice its plain loop's.
#include <gtest/gtest.h>

#include <cmath>

#include "kernels/rows.h"
#include "kernels/suite.h"

namespace candor::test {
namespace {

struct Errors { double kernel = 0, plain = 0; bool found = false; };

// Root mean square error relative to the results, over all configs of the best row with one storage dtype throughout.
Errors errors_of(std::string_view op, DType storage) {
  const Precision precision{.a = storage, .b = storage, .out = storage};
  Errors errors;
  std::int64_t elements = 0;
  for (const NamedRow& named : built_rows()) {
    if (named.row->op != op || !(named.row->precision == precision) || !runs_here(named)) continue;
    for (int config = 0; config < suite_of(op).configs(precision, Level::fast); ++config) {
      const Outcome outcome = suite_of(op).quality({.row = named.row,
                                                    .stream = &named.backend->stream(),
                                                    .config = config,
                                                    .inputs = Inputs::normal,
                                                    .seed = 21});
      if (!outcome.checked || outcome.size == 0) continue;
      errors.found = true;
      errors.kernel += static_cast<double>(outcome.elements) * std::pow(outcome.error / outcome.size, 2);
      errors.plain += static_cast<double>(outcome.elements) * std::pow(outcome.plain_error / outcome.size, 2);
      elements += outcome.elements;
    }
    break;
  }
  if (errors.found) {
    errors.kernel = std::sqrt(errors.kernel / static_cast<double>(elements));
    errors.plain = std::sqrt(errors.plain / static_cast<double>(elements));
  }
  return errors;
}

class Parity : public testing::TestWithParam<std::string_view> {};

TEST_P(Parity, ErrorsAreOrderedAsTheFormats) {
  double narrower = 1.0;
  for (const DType storage : {DType::bf16, DType::f16, DType::f32}) {
    const Errors errors = errors_of(GetParam(), storage);
    ASSERT_TRUE(errors.found) << GetParam() << " has no row with " << dtype_name(storage) << " throughout";
    EXPECT_LE(errors.kernel, 2 * errors.plain) << dtype_name(storage);
    EXPECT_LT(errors.kernel, narrower / 2) << dtype_name(storage) << " must be more accurate than the narrower format";
    EXPECT_LT(errors.kernel, 8 * unit_roundoff(storage)) << dtype_name(storage);
    RecordProperty(std::string(dtype_name(storage)), std::to_string(std::log2(errors.kernel)));
    narrower = errors.kernel;
  }
}

std::vector<std::string_view> computing_ops() {
  std::vector<std::string_view> names;
  for (const auto& suite : all_suites())
    if (suite->error_model() != ErrorModel::exact && suite->error_model() != ErrorModel::selection)
      names.push_back(suite->op());
  return names;
}

INSTANTIATE_TEST_SUITE_P(All, Parity, testing::ValuesIn(computing_ops()),
                         [](const testing::TestParamInfo<std::string_view>& info) { return std::string(info.param); });

}  // namespace
}  // namespace candor::test
