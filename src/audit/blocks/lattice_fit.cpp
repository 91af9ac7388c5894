#include <array>

#include "audit/blocks/fit.h"
#include "audit/blocks/narrowing.h"

namespace candor::audit_internal {
namespace {

struct Integers {
  // To the nearest integer without a call: adding 1.5 * 2^52 leaves no bits for
  // a fraction.
  static double rounded(double x) { return (x + 0x1.8p52) - 0x1.8p52; }
  Level nearest(double x) const { return {.value = rounded(x), .spacing = 1, .gap = 1}; }
};

// Prior of "the outermost value is on level k": proportional to 1/k, so a
// coarse lattice costs little. In bits.
double level_cost(int level, int most) {
  static const std::array<double, kMostSteps + 1> sums = [] {
    std::array<double, kMostSteps + 1> harmonic{};
    for (std::size_t k = 1; k < harmonic.size(); ++k) harmonic[k] = harmonic[k - 1] + 1 / static_cast<double>(k);
    return harmonic;
  }();
  return std::log2(level * sums[static_cast<std::size_t>(most)]);
}

// The levels that the outermost value may be on as far as the first few values
// tell: what narrow_all would find, for the whole interval of scales at once.
// Nearly all of the 255 candidates end here. Values and errors over the
// outermost.
class Sieve {
 public:
  Sieve(std::span<const Point> points, int most)
      : used_(std::min<std::size_t>(kPoints, points.size() - 1)), most_(most) {
    const double magnitude = std::fabs(points.back().value);
    top_error_ = points.back().error / magnitude * kRoom;
    for (std::size_t i = 0; i < used_; ++i) {
      values_[i] = std::fabs(points[i].value) / magnitude;
      errors_[i] = points[i].error / magnitude * kRoom;
    }
  }

  /// The next level after `level`, 0 after the last.
  int after(int level) {
    while (true) {
      if (++level > last_ && !next_run(level)) return 0;
      if (passes(level)) return level;
    }
  }

 private:
  // The smallest value is on step 1, 2, 3, … : each leaves a run of outermost
  // levels. Moves `level` to the next run.
  bool next_run(int& level) {
    const double low = values_[0] - errors_[0], high = values_[0] + errors_[0];
    if (level > most_) return false;
    if (used_ == 0 || low <= 0) {
      last_ = most_;
      return true;
    }
    while (true) {
      ++step_;
      const double first = std::ceil(step_ * (1 - top_error_) / high);
      if (first > most_) return false;
      last_ = static_cast<int>(std::min<double>(most_, std::floor(step_ * (1 + top_error_) / low)));
      level = std::max(level, static_cast<int>(first));
      if (level <= last_) return true;
    }
  }

  bool passes(int level) const {
    for (std::size_t i = 1; i < used_; ++i) {
      const double x = values_[i] * level, nearest = Integers::rounded(x);
      if (std::fabs(x - nearest) > errors_[i] * level + nearest * top_error_) return false;
    }
    return true;
  }

  static constexpr std::size_t kPoints = 4;
  static constexpr double kRoom = 1 + 0x1p-20;  // for the rounding of this arithmetic
  std::size_t used_;
  int most_, last_ = 0, step_ = 0;
  double top_error_ = 0;
  std::array<double, kPoints> values_{}, errors_{};
};

// Points ascending by magnitude. The first lattice that holds all is the one
// with most evidence: on a finer one every window is a larger part of the
// spacing, and its prior is smaller.
Fit best_lattice(std::span<const Point> points, int most_steps) {
  const Point& top = points.back();
  const double magnitude = std::fabs(top.value);
  Sieve sieve(points, most_steps);
  for (int level = sieve.after(0); level != 0; level = sieve.after(level)) {
    Interval scale{.low = (magnitude - top.error) / level, .high = (magnitude + top.error) / level};
    const double found = narrow_all(points.first(points.size() - 1), Integers{}, scale);
    const double score = found < 0 ? -1 : score_all(points, Integers{}, scale);
    if (score < 0) continue;
    const double cost = level_cost(level, most_steps);
    return {.fits = true, .bits = found - cost, .score = score - cost, .low = scale.low, .high = scale.high};
  }
  return {};
}

void set_levels(std::span<const Point> points, Fit& fit) {
  for (const Point& point : points) {
    const int level = static_cast<int>(Integers::rounded(point.value / fit.scale()));
    fit.lowest = std::min(fit.lowest, level);
    fit.highest = std::max(fit.highest, level);
  }
}

// The value that is known best, the one nearest to zero.
Point anchor_of(const Block& block) {
  if (block.zeros == 0) return block.points.front();
  return {.value = 0, .error = block.slack, .count = 1};  // zeros are no evidence
}

void distances_from(const Point& origin, const Block& block, std::vector<Point>& distances) {
  distances.clear();
  for (const Point& point : block.points) {
    if (point.value == origin.value) continue;
    distances.push_back(
        {.value = point.value - origin.value, .error = point.error + origin.error, .count = point.count});
  }
  std::sort(distances.begin(), distances.end(),
            [](const Point& a, const Point& b) { return std::fabs(a.value) < std::fabs(b.value); });
}

}  // namespace

Fit fit_integers(const Block& block) {
  thread_local std::vector<Point> folded;
  fold_signs(block.points, folded);
  Fit fit = best_lattice(folded, kMostSteps);
  if (fit.fits) set_levels(block.points, fit);
  return fit;
}

Fit fit_affine_integers(const Block& block) {
  thread_local std::vector<Point> distances;
  const Point origin = anchor_of(block);
  distances_from(origin, block, distances);
  Fit fit = best_lattice(distances, kMostSteps);
  if (!fit.fits) return fit;
  set_levels(distances, fit);
  fit.score -= (origin.count - 1) * std::log2(std::min(1.0, 2 * origin.error / fit.scale()));
  fit.zero = origin.value + fit.lowest * fit.scale();
  fit.zero_error = origin.error - fit.lowest * (fit.high - fit.low) / 2;
  fit.highest -= fit.lowest;
  fit.lowest = 0;
  fit.fits = fit.highest <= kMostSteps;
  return fit;
}

Fit fit_multiples(std::span<const Point> points, int most_steps) {
  thread_local std::vector<Point> folded;
  fold_signs(points, folded);
  return folded.size() < 2 ? Fit{} : best_lattice(folded, most_steps);
}

bool on_lattice(const Block& block, const Fit& lattice) {
  double bits = 0;
  const Interval scale{.low = lattice.low, .high = lattice.high};
  for (const Point& point : block.points) {
    const Point distance{.value = point.value - lattice.zero, .error = point.error + lattice.zero_error, .count = 1};
    const Level level = Integers{}.nearest(distance.value / scale.middle());
    const Window window = window_at(distance, level, scale);
    if (!window.hit) return false;
    bits -= std::log2(std::min(1.0, window.width));
  }
  return bits > 4;
}

}  // namespace candor::audit_internal
