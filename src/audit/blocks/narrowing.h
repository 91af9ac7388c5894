// The fit of one candidate: an interval of scales that narrows value by value.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>

#include "audit/blocks/block.h"

namespace candor::audit_internal {

struct Interval {
  double low = 0, high = 0;
  double middle() const { return (low + high) / 2; }
};

/// The level nearest to a value that was divided by the scale.
struct Level {
  double value = 0;
  double spacing = 1;  // half the way to both neighbours, together
  double gap = 1;      // to the nearer neighbour
};

struct Window {
  double width = 0;  // of the values, divided by the scale, that this level would explain
  bool hit = false;
};

inline Window window_at(const Point& point, const Level& level, const Interval& scale) {
  const double middle = scale.middle(), reach = std::fabs(level.value) * (scale.high - scale.low);
  const bool hit = std::fabs(point.value - level.value * middle) <= point.error + reach / 2;
  return {.width = (2 * point.error + reach) / middle, .hit = hit};
}

/// Narrows the scale by one value that is on a level. False: no scale of the
/// interval explains it. Level 0 is zero itself, which no rounding moves; beside
/// a value 2^24 times as large everything is close to it, and means nothing.
inline bool narrow(const Point& point, const Level& level, Interval& scale) {
  const double magnitude = std::fabs(point.value), steps = std::fabs(level.value);
  if (steps == 0) return magnitude == 0;
  scale.low = std::max(scale.low, (magnitude - point.error) / steps);
  scale.high = std::min(scale.high, (magnitude + point.error) / steps);
  return scale.low <= scale.high;
}

/// All but the outermost point, which gave the interval, ascending. Returns the
/// probability's log2, negated; a negative number when a value is on no level.
template <class Levels>
double narrow_all(std::span<const Point> inner, const Levels& levels, Interval& scale) {
  double bits = 0, probability = 1;
  for (const Point& point : inner) {
    const Level level = levels.nearest(point.value / scale.middle());
    const Window window = window_at(point, level, scale);
    if (!window.hit) return -1;
    if (window.width >= level.gap) continue;  // neighbours overlap: it says nothing, and may belong to either
    if (!narrow(point, level, scale)) return -1;
    probability *= std::min(1.0, window.width / level.spacing);
    if (probability < 1e-200) {
      bits -= std::log2(probability);
      probability = 1;
    }
  }
  return bits - std::log2(probability);
}

/// Evidence of every element, but for one outermost, once the scale is known.
template <class Levels>
double score_all(std::span<const Point> points, const Levels& levels, const Interval& scale) {
  double score = 0;
  for (const Point& point : points) {
    const Level level = levels.nearest(point.value / scale.middle());
    const Window window = window_at(point, level, scale);
    if (!window.hit) return -1;
    const std::uint32_t repeated = &point == &points.back() ? point.count - 1 : point.count;
    score -= repeated * std::log2(std::min(1.0, window.width / level.spacing));
  }
  return score;
}

}  // namespace candor::audit_internal
