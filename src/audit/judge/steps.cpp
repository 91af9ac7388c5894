#include "audit/judge/steps.h"

#include <algorithm>
#include <cmath>

namespace candor::audit_internal {
namespace {

constexpr double kLn2 = 0.6931471805599453;
constexpr std::uint64_t kFewest = 32;
constexpr double kSmallestStep = 0.3, kLargestSlope = 8;
/// Bits per value that a fit may waste: a normal density read in the right format wastes less than 0.005.
constexpr double kWaste = 0.02;
constexpr double kNoise = 16;  // bits: beyond what the six free cells of a window waste by chance (2^-16)

double total(const StepWindow& window) {
  double n = 0;
  for (const std::uint64_t count : window) n += static_cast<double>(count);
  return n;
}

/// Mean of position and side under the fit, their covariances, and the normaliser.
struct Moments {
  double log_sum = 0, position = 0, side = 0, pp = 0, ps = 0, ss = 0;
};

double position_of(std::size_t cell) { return static_cast<double>(cell) - 3.5; }

Moments moments_of(double slope, double step) {
  double sum = 0, p = 0, s = 0, pp = 0, ps = 0;
  for (std::size_t j = 0; j < 8; ++j) {
    const double x = position_of(j), side = j >= 4 ? 1 : 0, weight = std::exp(slope * x + step * side);
    sum += weight;
    p += weight * x;
    s += weight * side;
    pp += weight * x * x;
    ps += weight * x * side;
  }
  p /= sum;
  s /= sum;
  return {std::log(sum), p, s, pp / sum - p * p, ps / sum - p * s, s - s * s};
}

/// Newton's method on a concave function; steps are held back so that it cannot run away where cells are empty.
StepFit fit(const StepWindow& window, double step, bool free) {
  double n = total(window), position = 0, side = 0;
  for (std::size_t j = 0; j < 8; ++j) {
    position += static_cast<double>(window[j]) * position_of(j) / n;
    if (j >= 4) side += static_cast<double>(window[j]) / n;
  }
  StepFit out{0, 0, step};
  for (int round = 0; round < 40; ++round) {
    const Moments m = moments_of(out.slope, out.step);
    const double to_position = position - m.position, to_side = side - m.side;
    const double determinant = m.pp * m.ss - m.ps * m.ps;
    double change = to_position / std::max(m.pp, 1e-9), step_change = 0;
    if (free && determinant > 1e-9) {
      change = (to_position * m.ss - to_side * m.ps) / determinant;
      step_change = (to_side * m.pp - to_position * m.ps) / determinant;
    }
    out.slope = std::clamp(out.slope + std::clamp(change, -1.0, 1.0), -kLargestSlope, kLargestSlope);
    out.step = std::clamp(out.step + std::clamp(step_change, -1.0, 1.0), -kLargestSlope, kLargestSlope);
    if (std::fabs(change) + std::fabs(step_change) < 1e-9) break;
  }
  out.log_likelihood = n * (out.slope * position + out.step * side - moments_of(out.slope, out.step).log_sum);
  return out;
}

double saturated(const StepWindow& window) {
  const double n = total(window);
  double out = 0;
  for (const std::uint64_t count : window)
    if (count > 0) out += static_cast<double>(count) * std::log(static_cast<double>(count) / n);
  return out;
}

}  // namespace

StepFit fit_with_step(const StepWindow& window, double step) { return fit(window, step, false); }
StepFit fit_free_step(const StepWindow& window) { return fit(window, 0, true); }

StepEvidence measure_steps(const std::vector<StepWindow>& windows, double expected_step) {
  StepEvidence out;
  for (const StepWindow& window : windows) {
    const double n = total(window);
    if (n < static_cast<double>(kFewest)) continue;
    const bool free = expected_step == 0;
    const StepFit plain = fit_with_step(window, 0);
    const StepFit stepped = free ? fit_free_step(window) : fit_with_step(window, expected_step);
    const double price = free ? 0.5 * std::log2(n) + 1 : 0;
    const double best = std::max(plain.log_likelihood, stepped.log_likelihood);
    double bits = (stepped.log_likelihood - plain.log_likelihood) / kLn2 - price;
    out.used += static_cast<std::uint64_t>(n);
    const bool is_poor = (saturated(window) - best) / kLn2 > kWaste * n + kNoise;
    if (is_poor) out.poor += static_cast<std::uint64_t>(n);
    if (is_poor || (free && std::fabs(stepped.step) < kSmallestStep)) bits = std::min(bits, 0.0);
    out.bits += bits;
    out.steps += bits >= kStepBits ? 1 : 0;
    out.full += n >= static_cast<double>(kFullWindow) ? 1 : 0;
  }
  return out;
}

}  // namespace candor::audit_internal
