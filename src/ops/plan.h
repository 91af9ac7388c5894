// A dry run: while a DispatchPlan lives, ops given shape-only tensors note the row they would use instead of throwing.
#pragma once

#include <string>
#include <vector>

#include "kernels/kernel_row.h"

namespace candor::ops {

struct PlannedOp {
  std::string op;      // "matmul"
  std::string detail;  // shapes: "x[1, 576] weight[1536, 576]"
  Precision precision;
  const KernelRow* row = nullptr;        // nullptr: missing
  std::vector<std::string> passed_over;  // "cpu/matmul/matmul_packed (avx512bf16): needs a newer instruction set"
  std::string missing;                   // text of the refusal
};

/// One per thread at a time.
class DispatchPlan {
 public:
  DispatchPlan();
  ~DispatchPlan();
  DispatchPlan(const DispatchPlan&) = delete;
  DispatchPlan& operator=(const DispatchPlan&) = delete;

  std::vector<PlannedOp> ops;
  static DispatchPlan* current();
};

}  // namespace candor::ops
