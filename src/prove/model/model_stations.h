// From what the twin answered to where it stored what.
#pragma once

#include <vector>

#include "candor/prove.h"
#include "prove/model/model_simulation.h"

namespace candor::prove {

/// One place, or several, in another dtype than promised.
struct StorageHypothesis {
  std::string text;  // "residual stream: f32, not bf16"
  Storage storage;
};

/// The promise first; then other precisions, each place in each other dtype, all activations, all weights.
std::vector<StorageHypothesis> storage_hypotheses(const Storage& promised, const TwinShape& file);

/// One check for each place where values can tell another dtype. `found[i]` is the logit of reading i.
std::vector<ProofCheck> judge_stations(const Twin& twin, const Storage& promised, const std::vector<double>& found);

}  // namespace candor::prove
