// Which of many possible inputs are worth running.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "prove/experiment.h"

namespace candor::prove {

/// True when no result agrees with both.
bool disjoint(const Prediction& x, const Prediction& y);

/// Of `count` candidates, in their order, those that tell two of the hypotheses apart which none before them did.
std::vector<std::size_t> telling_candidates(
    std::size_t count, const std::vector<Arithmetic>& hypotheses,
    const std::function<Prediction(std::size_t candidate, const Arithmetic&)>& predict);

/// "2^-130", "-0.5", "0x1.8p-40": short and exact.
std::string text_of(double value);

}  // namespace candor::prove
