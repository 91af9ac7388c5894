// What the checks of rows_test say about one row.
#pragma once

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <string>

#include "backend/ref/serial_stream.h"
#include "kernels/suite.h"

namespace candor::test {

/// "" when every check passes, otherwise the first complaint.
inline std::string complaint(const KernelRow& row) {
  const OpSuite& suite = suite_of(row.op);
  const bool exact_op = suite.error_model() == ErrorModel::exact || suite.error_model() == ErrorModel::selection;
  for (int config = 0; config < suite.configs(row.precision, Level::fast); ++config)
    for (const Inputs inputs : {Inputs::exact, Inputs::uniform, Inputs::normal, Inputs::specials}) {
      if (inputs == Inputs::specials && !exact_op) continue;
      const Trial trial{.row = &row, .stream = &ref::ref_stream(), .config = config, .inputs = inputs, .seed = 5};
      const Outcome outcome = inputs == Inputs::exact || exact_op ? suite.exact(trial) : suite.bound(trial);
      if (!outcome.comparison.ok) return outcome.comparison.message;
    }
  testing::TestPartResultArray results;
  {
    const testing::ScopedFakeTestPartResultReporter reporter(
        testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &results);
    suite.claims(row, ref::ref_stream());
  }
  for (int i = 0; i < results.size(); ++i)
    if (results.GetTestPartResult(i).failed()) return results.GetTestPartResult(i).message();
  return "";
}

}  // namespace candor::test
