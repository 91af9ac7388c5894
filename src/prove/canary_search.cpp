#include "prove/canary_search.h"

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <utility>

namespace candor::prove {

bool disjoint(const Prediction& x, const Prediction& y) {
  if (std::isnan(x.low) || std::isnan(y.low)) return std::isnan(x.low) != std::isnan(y.low);
  if (x.high < y.low || y.high < x.low) return true;
  const bool zeros = x.low == 0 && x.high == 0 && y.low == 0 && y.high == 0;
  return zeros && std::signbit(x.low) != std::signbit(y.low);
}

std::vector<std::size_t> telling_candidates(
    std::size_t count, const std::vector<Arithmetic>& hypotheses,
    const std::function<Prediction(std::size_t candidate, const Arithmetic&)>& predict) {
  std::vector<std::pair<std::size_t, std::size_t>> alike;
  for (std::size_t i = 0; i < hypotheses.size(); ++i)
    for (std::size_t j = i + 1; j < hypotheses.size(); ++j) alike.emplace_back(i, j);
  std::vector<std::size_t> telling;
  for (std::size_t candidate = 0; candidate < count && !alike.empty(); ++candidate) {
    std::vector<std::optional<Prediction>> known(hypotheses.size());
    const auto at = [&](std::size_t h) {
      if (!known[h]) known[h] = predict(candidate, hypotheses[h]);
      return *known[h];
    };
    if (std::erase_if(alike, [&](const auto& pair) { return disjoint(at(pair.first), at(pair.second)); }) > 0)
      telling.push_back(candidate);
  }
  return telling;
}

std::string text_of(double value) {
  char text[64];
  int exponent = 0;
  const bool power_of_two = std::isfinite(value) && std::fabs(std::frexp(value, &exponent)) == 0.5;
  if (power_of_two && std::abs(exponent - 1) > 4) {
    std::snprintf(text, sizeof text, "%s2^%d", value < 0 ? "-" : "", exponent - 1);
    return text;
  }
  std::snprintf(text, sizeof text, "%.9g", value);
  if (std::isfinite(value) && std::strtod(text, nullptr) != value) std::snprintf(text, sizeof text, "%a", value);
  return text;
}

}  // namespace candor::prove
