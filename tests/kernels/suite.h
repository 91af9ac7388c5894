// The checks of one op, with the op's type erased: rows_test.cpp walks rows, not types.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kernels/case.h"

namespace candor::test {

/// One run of one row.
struct Trial {
  const KernelRow* row = nullptr;
  Stream* stream = nullptr;
  Level level = Level::fast;
  int config = 0;
  Inputs inputs = Inputs::uniform;
  std::uint64_t seed = 1;
};

struct Outcome {
  bool checked = false;      // false: the row refuses this shape, or the check does not apply to it
  Comparison comparison;
  double error = 0, plain_error = 0, size = 0;  // quality: root mean square of errors and of the results
  std::int64_t elements = 0;
};

class OpSuite {
 public:
  virtual ~OpSuite() = default;
  virtual std::string_view op() const = 0;
  virtual ErrorModel error_model() const = 0;
  virtual int configs(const Precision& precision, Level level) const = 0;
  virtual std::string text(const Precision& precision, Level level, int config) const = 0;
  virtual Outcome exact(const Trial& trial) const = 0;    // bit equality with the reference
  virtual Outcome bound(const Trial& trial) const = 0;    // within the derived bound
  virtual Outcome quality(const Trial& trial) const = 0;  // errors of the row and of the plain loop
  virtual Outcome bytes(const Trial& trial, std::vector<std::byte>& results) const = 0;
  /// GoogleTest expectations; returns how many cases the row accepted.
  virtual int claims(const KernelRow& row, Stream& stream) const = 0;
};

/// One suite per op of AllOps, in that order.
std::span<const std::unique_ptr<OpSuite>> all_suites();
const OpSuite& suite_of(std::string_view op);  // throws std::out_of_range

/// Defined in suite_<op>.cpp; an op of AllOps without one does not link.
template <class Op> std::unique_ptr<OpSuite> make_suite();

}  // namespace candor::test
