// Canaries of what gated_linear does after its two sums: the activation, and what is rounded between the steps.
#pragma once

#include <vector>

#include "candor/op_kinds.h"
#include "prove/experiment.h"
#include "prove/operands.h"

namespace candor::prove {

/// Term t is x[t] · gate[t] of one sum and x[t] · up[t] of the other; where weights are in blocks, each has its own.
struct GatedCanary {
  Canary text;
  Values x, gate, up;
  double up_bias = 0;
  Activation activation = Activation::identity;
};

std::vector<GatedCanary> gated_canaries(const Storage3& storage);

/// activation(gate) · up on its way to storage. What is rounded between the steps: gate, up, and perhaps
/// activation(gate) too.
Prediction gated_result(const Arithmetic& arithmetic, DType out, Activation activation, double gate, double up);

}  // namespace candor::prove
