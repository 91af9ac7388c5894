#include "prove/attention/attention_model.h"

#include <algorithm>
#include <limits>

#include "prove/sum.h"

namespace candor::prove {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity(), kNaN = std::numeric_limits<double>::quiet_NaN();

/// The format in which what is no sum is formed: f64 where sums are f64.
DType wide(DType sum) { return sum == DType::f64 ? DType::f64 : DType::f32; }

double score_of(const Arithmetic& a, const AttentionProblem& problem, const Values& key) {
  Arithmetic dot = a;
  dot.product = a.score_product;
  dot.accumulate = a.score_sum;
  const double sum = sum_of_products(dot, terms_of(problem.q, key));
  return round_to(a.scores, flushed(a, round_to(wide(a.score_sum), sum * problem.scale)));
}

Prediction weight_range(double difference) {
  if (difference == 0) return exactly(1);
  const double weight = std::exp(difference), error = 4 * 0x1p-23 - difference * 0x1p-24;
  if (weight == 0) return exactly(0);
  return {difference < -87 ? 0 : weight * (1 - error), weight * (1 + error)};
}

/// P. Empty: scores that have no maximum make NaN of everything.
std::vector<Prediction> weights_of(const Arithmetic& a, const AttentionProblem& problem) {
  Values scores;
  for (const Values& key : problem.k) scores.push_back(score_of(a, problem, key));
  const double maximum = *std::max_element(scores.begin(), scores.end());
  std::vector<Prediction> weights;
  for (const double score : scores) {
    if (std::isnan(score) || !std::isfinite(maximum)) return {};
    weights.push_back(weight_range(round_to(wide(a.score_sum), score - maximum)));
  }
  return weights;
}

/// Σ P v. Every step is monotone in P, so that the ends of the weights give the ends of the sum.
Prediction sum_of_values(const Arithmetic& a, const std::vector<Prediction>& weights, const Values& v) {
  Arithmetic dot = a;
  dot.entry_a = a.inner;
  dot.entry_b = a.entry_c;
  Values low, high;
  for (std::size_t i = 0; i < v.size(); ++i) {
    low.push_back(v[i] < 0 ? weights[i].high : weights[i].low);
    high.push_back(v[i] < 0 ? weights[i].low : weights[i].high);
  }
  const double lowest = sum_of_products(dot, terms_of(low, v));
  const bool exact = low == high;
  return {lowest, exact ? lowest : sum_of_products(dot, terms_of(high, v))};
}

/// Σ P in two orders. In f32 its order is nobody's promise: a sum of other than ones may err by every addition.
Prediction range_of_sum(const Arithmetic& a, const Values& weights) {
  Arithmetic dot;
  dot.accumulate = a.weight_sum == DType::f32 ? DType::f64 : a.weight_sum;
  const Terms terms = terms_of(weights, Values(weights.size(), 1.0));
  const double odd_first = sum_of_products(dot, terms);
  dot.order = Order::rising;
  const double rising = sum_of_products(dot, terms);
  const bool ones = std::all_of(weights.begin(), weights.end(), [](double w) { return w == 0 || w == 1; });
  const double additions = a.weight_sum == DType::f32 && !ones ? static_cast<double>(weights.size()) : 0;
  return {std::min(rising, odd_first) * (1 - additions * 0x1p-24),
          std::max(rising, odd_first) * (1 + additions * 0x1p-24)};
}

/// Σ P: of the weights as exp gave them, or as they were rounded for the products.
Prediction weight_sum(const Arithmetic& a, const std::vector<Prediction>& weights) {
  Values low, high;
  for (const Prediction& weight : weights) {
    low.push_back(std::min(weight.low, round_to(a.inner, weight.low)));
    high.push_back(std::max(weight.high, round_to(a.inner, weight.high)));
  }
  return {range_of_sum(a, low).low, range_of_sum(a, high).high};
}

Prediction quotient(const Arithmetic& a, const Prediction& sum, const Prediction& weight) {
  const auto end = [&](double value) { return flushed(a, round_to(wide(a.accumulate), value)); };
  return {end(sum.low / (sum.low < 0 ? weight.low : weight.high)),
          end(sum.high / (sum.high < 0 ? weight.high : weight.low))};
}

}  // namespace

Prediction attention_range(const Arithmetic& a, DType out, const AttentionProblem& problem) {
  const Prediction nothing = a.loses_nan ? Prediction{-kInfinity, kInfinity} : exactly(kNaN);
  const std::vector<Prediction> weights = weights_of(a, problem);
  if (weights.empty()) return nothing;
  const Prediction range = quotient(a, sum_of_values(a, weights, problem.v), weight_sum(a, weights));
  if (std::isnan(range.low) || std::isnan(range.high)) return nothing;
  return stored(a, out, range);
}

}  // namespace candor::prove
