#include "convert/rotary_divisors.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

namespace candor::convert_internal {
namespace {

constexpr double kTolerance = 1e-5;  // the table is f32, and the converter formed it with f32 frequencies

double wave_length(double base, std::uint64_t head_dim, std::uint64_t i) {
  return 2 * std::numbers::pi * std::pow(base, static_cast<double>(2 * i) / static_cast<double>(head_dim));
}

bool reproduces(const Llama3Scaling& scaling, std::span<const float> divisors, double base, std::uint64_t head_dim) {
  for (std::size_t i = 0; i < divisors.size(); ++i) {
    const double wanted = llama3_divisor(scaling, base, head_dim, i);
    if (!(std::fabs(static_cast<double>(divisors[i]) - wanted) <= kTolerance * wanted)) return false;
  }
  return true;
}

/// Least squares of smooth = a / wave_length - b over the pairs between the two plateaus.
struct Ramp {
  double a = 0, b = 0;
  int points = 0;
};

Ramp fit_ramp(std::span<const float> divisors, double base, std::uint64_t head_dim, double factor) {
  double sum_x = 0, sum_y = 0, sum_xx = 0, sum_xy = 0;
  Ramp ramp;
  for (std::size_t i = 0; i < divisors.size(); ++i) {
    const double divisor = static_cast<double>(divisors[i]);
    if (divisor <= 1 || divisor >= factor) continue;
    const double x = 1 / wave_length(base, head_dim, i);
    const double y = (1 / divisor - 1 / factor) / (1 - 1 / factor);  // (1 - s) / factor + s = 1 / divisor
    sum_x += x;
    sum_y += y;
    sum_xx += x * x;
    sum_xy += x * y;
    ++ramp.points;
  }
  if (ramp.points < 2) return ramp;
  const double n = ramp.points;
  ramp.a = (n * sum_xy - sum_x * sum_y) / (n * sum_xx - sum_x * sum_x);
  ramp.b = (ramp.a * sum_x - sum_y) / n;
  return ramp;
}

}  // namespace

double llama3_divisor(const Llama3Scaling& scaling, double base, std::uint64_t head_dim, std::uint64_t i) {
  const double length = wave_length(base, head_dim, i), context = static_cast<double>(scaling.original_context);
  if (length < context / scaling.high_freq_factor) return 1;
  if (length > context / scaling.low_freq_factor) return scaling.factor;
  const double smooth =
      (context / length - scaling.low_freq_factor) / (scaling.high_freq_factor - scaling.low_freq_factor);
  return 1 / ((1 - smooth) / scaling.factor + smooth);
}

std::optional<Llama3Scaling> fit_llama3_scaling(std::span<const float> divisors, double base, std::uint64_t head_dim,
                                                std::uint64_t original_context) {
  if (divisors.size() != head_dim / 2 || divisors.empty()) return std::nullopt;
  const bool all_one = std::all_of(divisors.begin(), divisors.end(), [](float divisor) { return divisor == 1.0f; });
  Llama3Scaling scaling;
  if (all_one) return scaling;  // factor 1: no scaling
  scaling.factor = static_cast<double>(*std::max_element(divisors.begin(), divisors.end()));
  std::vector<Llama3Scaling> candidates = {scaling};  // Llama 3.1's own numbers
  if (original_context != 0) candidates.back().original_context = original_context;
  const Ramp ramp = fit_ramp(divisors, base, head_dim, scaling.factor);
  if (ramp.points >= 2 && ramp.b > 0) {
    Llama3Scaling fitted = scaling;  // a = c / (h - l), b = l / (h - l)
    fitted.high_freq_factor = std::round(1 + 1 / ramp.b);
    fitted.original_context =
        static_cast<std::uint64_t>(std::llround(std::fabs(ramp.a) * (fitted.high_freq_factor - 1)));
    candidates.push_back(fitted);
    if (original_context != 0 &&
        fitted.original_context != 0) {  // the same table, stated with the context that is known
      const double ratio = static_cast<double>(original_context) / static_cast<double>(fitted.original_context);
      candidates.insert(candidates.begin(), {scaling.factor, ratio, fitted.high_freq_factor * ratio, original_context});
    }
  }
  for (const Llama3Scaling& candidate : candidates) {
    const bool sound = candidate.high_freq_factor > candidate.low_freq_factor && candidate.original_context > 0;
    if (sound && reproduces(candidate, divisors, base, head_dim)) return candidate;
  }
  return std::nullopt;
}

}  // namespace candor::convert_internal
