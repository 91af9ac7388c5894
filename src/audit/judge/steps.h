// Steps in a histogram: where a density that should be smooth doubles from one cell to the next.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace candor::audit_internal {

/// Eight cells around a place where a step is looked for, four on either side.
using StepWindow = std::array<std::uint64_t, 8>;

/// Multinomial fit of p[j] ~ exp(slope * j + step * (j >= 4)).
struct StepFit {
  double log_likelihood = 0, slope = 0, step = 0;
};
StepFit fit_with_step(const StepWindow& window, double step);
StepFit fit_free_step(const StepWindow& window);

/// What a set of windows says of steps against a slope alone.
struct StepEvidence {
  double bits = 0;         // log2 of the likelihood ratio, summed
  std::uint64_t used = 0;  // values in the windows
  std::uint64_t poor = 0;  // of those, in windows that neither model fits
  int steps = 0;           // windows that speak for a step by at least kStepBits
  int full = 0;            // windows with enough values for that, kFullWindow

  bool fits() const { return used > 0 && 5 * poor <= used; }
  /// Nearly every window that could show a step does.
  bool steps_everywhere() const { return 5 * steps >= 4 * full; }
};
inline constexpr double kStepBits = 5;
inline constexpr std::uint64_t kFullWindow = 1024;  // a doubling is worth 22 bits, less what a free step costs

/// `expected_step`: natural logarithm of the step that is looked for; 0: any, of at least a factor of 1.35, which is
/// paid for as a free parameter is. Windows with fewer than 32 values are left out.
StepEvidence measure_steps(const std::vector<StepWindow>& windows, double expected_step);

}  // namespace candor::audit_internal
