// A dry run: while a DispatchPlan lives, ops of its thread allocate and compute nothing and note the row they would use
// instead of throwing.
#pragma once

#include <string>
#include <vector>

#include "candor/precision.h"

namespace candor::ops {

struct PlannedOp {
  std::string op;                              // "matmul"
  std::string detail;                          // shapes: "f32[1, 576] bf16[1536, 576]"
  Precision precision;                         // what the row does; missing: what was asked for
  std::string kernel, isa, instruction_class;  // of the row; empty: missing
  std::vector<std::string> passed_over;        // "cpu/matmul/matmul_packed (avx512bf16): needs a newer instruction set"
  std::string missing;                         // text of the refusal; empty: a row was found
};

/// They nest within a thread; the inner one notes.
class DispatchPlan {
 public:
  DispatchPlan();
  ~DispatchPlan();
  DispatchPlan(const DispatchPlan&) = delete;
  DispatchPlan& operator=(const DispatchPlan&) = delete;

  std::vector<PlannedOp> ops;
  bool complete() const;  // nothing is missing
  static DispatchPlan* current();

 private:
  DispatchPlan* outer_;
};

}  // namespace candor::ops
