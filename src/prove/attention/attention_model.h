// One query of attention under a hypothesis: scores = q k, P = exp(scale · scores - maximum), y = Σ P v / Σ P.
#pragma once

#include <string>
#include <vector>

#include "prove/experiment.h"
#include "prove/operands.h"

namespace candor::prove {

/// The keys that count. v is the same in every column of a head.
struct AttentionProblem {
  double scale = 1;
  Values q;               // [E]
  std::vector<Values> k;  // [keys][E]
  Values v;               // [keys]
};

/// What y may be. Exact where all weights are 0 or 1 (equal scores); otherwise as far as an honest exp may err: 4 ulp
/// of f32 and, since it may go through 2^(x log2 e), half an ulp for each unit of x. Below exp(-87) it may give zero.
/// A NaN that a hypothesis makes and loses may be anything.
Prediction attention_range(const Arithmetic& arithmetic, DType out, const AttentionProblem& problem);

}  // namespace candor::prove
