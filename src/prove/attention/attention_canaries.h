// Canaries of attention: of the scores, of the weights P between the steps, and of the sum of values.
#pragma once

#include <vector>

#include "prove/attention/attention_model.h"

namespace candor::prove {

struct AttentionCanary {
  Canary text;
  AttentionProblem problem;
  bool weighed = false;       // P and its product with v
  bool maximum_late = false;  // the first weight is brought down when a later key has the larger score
};

/// Those that tell two of `hypotheses` apart which none before them did.
std::vector<AttentionCanary> attention_canaries(const Storage3& storage, const std::vector<Arithmetic>& hypotheses);

}  // namespace candor::prove
