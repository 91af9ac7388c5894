#include "prove/inference.h"

#include <algorithm>
#include <mutex>

namespace candor::prove {
namespace {

bool predicted(const Experiment& experiment, const Arithmetic& hypothesis, const Observation& seen) {
  const Prediction prediction = experiment.predict(seen.canary, hypothesis);
  return std::all_of(seen.results.begin(), seen.results.end(),
                     [&](const Result& result) { return prediction.contains(result.value); });
}

}  // namespace

std::vector<Arithmetic> Inference::standing() const {
  std::vector<Arithmetic> all;
  for (std::size_t h = 0; h < hypotheses.size(); ++h)
    if (ruled_out[h] < 0) all.push_back(hypotheses[h]);
  return all;
}

Inference infer(const Experiment& experiment, const Storage3& storage, const KernelRow& row, Stream& stream) {
  Inference inference;
  inference.hypotheses = experiment.considered(storage);
  inference.ruled_out.assign(inference.hypotheses.size(), -1);
  for (std::size_t i = 0; i < experiment.size(); ++i) {
    Observation seen{i, {}};
    {
      const std::lock_guard<Stream> lock(stream);
      seen.results = experiment.run(i, row, stream);
    }
    if (seen.results.empty()) continue;
    const auto at = static_cast<std::ptrdiff_t>(inference.observations.size());
    for (std::size_t h = 0; h < inference.hypotheses.size(); ++h)
      if (inference.ruled_out[h] < 0 && !predicted(experiment, inference.hypotheses[h], seen))
        inference.ruled_out[h] = at;
    inference.observations.push_back(std::move(seen));
  }
  return inference;
}

}  // namespace candor::prove
