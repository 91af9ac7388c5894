// From what a kernel gives for canaries to how it computes, without a look at what it says of itself; then the
// comparison.
#pragma once

#include <optional>

#include "candor/prove.h"
#include "prove/experiment.h"

namespace candor::prove {

/// What was seen of one canary.
struct Observation {
  std::size_t canary;
  std::vector<Result> results;
};

struct Inference {
  std::vector<Arithmetic> hypotheses;
  std::vector<std::ptrdiff_t> ruled_out;  // the observation that did it; -1: still standing
  std::vector<Observation> observations;
  std::vector<Arithmetic> standing() const;
};

/// Runs every canary and drops each hypothesis that predicted something else.
Inference infer(const Experiment& experiment, const Storage3& storage, const KernelRow& row, Stream& stream);

/// What the row's words mean: its precision and instruction class as an arithmetic.
Arithmetic claim_of(const KernelRow& row, const Experiment& experiment);

/// What the row says of itself, and nothing yet of what was found.
RowProof described(const KernelRow& row);

/// The comparison, question by question, with the canaries that decide it.
RowProof judge(const KernelRow& row, const Experiment& experiment, const Inference& inference);

}  // namespace candor::prove
