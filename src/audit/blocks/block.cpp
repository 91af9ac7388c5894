#include "audit/blocks/block.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "core/formats.h"

namespace candor::audit_internal {
namespace {

constexpr std::size_t kMostValues = 512;  // no scheme here has more levels
// Half a unit in the last place, and an eighth more: values may have passed f16
// before bf16, which moves them by up to a sixteenth of a bf16 unit more.
constexpr double kHalfUnit = 0.5625;
constexpr int kFewestBits = 8,
              kMostBits = 22;  // of the significand; f32 with room for two more roundings
constexpr double kF32Slack = 0x1p-23;

// Significant bits of the value with the most of them. Decides by what is
// there, not by the label: bf16 values in an f32 tensor were rounded to eight
// bits.
int significant_bits(std::uint64_t all_significands) {
  return all_significands == 0 ? 1 : 53 - std::countr_zero(all_significands);
}

struct Read {
  std::uint64_t significands = 0, hash = 0;
  std::uint32_t turns = 0;
  bool finite = true;
};

// Values in order, with what is only seen in order.
Read read_values(const TensorSlice& slice, const Places& places, std::vector<double>& values) {
  constexpr std::uint64_t kSignificand = (std::uint64_t{1} << 52) - 1;
  Read read;
  values.resize(places.size());
  double direction = 0;
  for (std::size_t i = 0; i < places.size(); ++i) {
    const double value = slice.at(0, places[i]);
    const std::uint64_t bits = f64_bits(value);
    values[i] = value;
    read.finite = read.finite && (bits & kF64Magnitude) < kF64Infinity;
    read.significands |= bits & kSignificand;
    read.hash = (read.hash ^ bits) * 0x9e3779b97f4a7c15u;
    read.hash ^= read.hash >> 29;
    if (i == 0 || values[i] == values[i - 1]) continue;
    const double step = values[i] - values[i - 1];
    if (step * direction < 0 || (direction != 0 && (step > 0) != (direction > 0))) ++read.turns;
    direction = step;
  }
  return read;
}

double rounding_error(double value, int bits, double quantum) {
  const int exponent = std::ilogb(value);
  return kHalfUnit * std::max(std::ldexp(1.0, exponent - bits + 1), quantum);
}

// Different values with their counts, before anything is sorted: a block of a
// thousand has a few dozen.
class ValueCounts {
 public:
  void clear() { ++stamp_; }
  /// Index of the value's point among `points`, which grows by a new one.
  void count(double value, std::vector<Point>& points) {
    std::size_t at = static_cast<std::size_t>(f64_bits(value) * 0x9e3779b97f4a7c15u >> 53);
    while (slots_[at].stamp == stamp_) {
      Point& point = points[slots_[at].point];
      if (point.value == value) {
        ++point.count;
        return;
      }
      at = (at + 1) % kSlots;
    }
    slots_[at] = {.stamp = stamp_, .point = static_cast<std::uint32_t>(points.size())};
    points.push_back({.value = value, .error = 0, .count = 1});
  }

 private:
  static constexpr std::size_t kSlots = 2048;
  static_assert(kMostValues * 2 < kSlots);
  struct Slot {
    std::uint32_t stamp = 0, point = 0;
  };
  std::array<Slot, kSlots> slots_{};
  std::uint32_t stamp_ = 0;
};

void merge_equal(const std::vector<double>& values, Block& block) {
  thread_local ValueCounts counts;
  counts.clear();
  for (const double value : values) {
    if (value == 0) {
      ++block.zeros;
    } else {
      counts.count(value, block.points);
    }
    if (block.points.size() > kMostValues) break;
  }
  block.crowded = block.points.size() > kMostValues;
  if (block.crowded) block.points.clear();
  std::sort(block.points.begin(), block.points.end(), [](const Point& a, const Point& b) {
    const double x = std::fabs(a.value), y = std::fabs(b.value);
    return x != y ? x < y : a.value < b.value;
  });
}

}  // namespace

void fold_signs(std::span<const Point> points, std::vector<Point>& folded) {
  folded.clear();
  for (const Point& point : points) {
    const double magnitude = std::fabs(point.value);
    if (!folded.empty() && folded.back().value == magnitude) {
      folded.back().count += point.count;
    } else {
      folded.push_back({.value = magnitude, .error = point.error, .count = point.count});
    }
  }
}

bool read_block(const TensorSlice& slice, const Places& places, Block& block) {
  thread_local std::vector<double> values;
  block = Block{.points = {}, .elements = static_cast<std::uint32_t>(places.size())};
  const Read read = read_values(slice, places, values);
  block.hash = read.hash;
  // Of n draws in random order (n - 2) 2/3 are turning points; ties lower that
  // to about a third for two-bit codes.
  if (!read.finite || read.turns * 5 < places.size()) return false;
  merge_equal(values, block);
  if (block.crowded) return true;
  if (block.points.empty()) return false;
  const int bits = std::clamp(significant_bits(read.significands), kFewestBits, kMostBits);
  const double quantum = slice.dtype == DType::f16 ? 0x1p-24 : slice.dtype == DType::bf16 ? 0x1p-133 : 0;
  block.slack = std::fabs(block.points.back().value) * kF32Slack;
  double last = 0;
  for (Point& point : block.points) {
    point.error = rounding_error(point.value, bits, quantum) + block.slack;
    block.magnitudes += std::fabs(point.value) != last ? 1 : 0;
    last = std::fabs(point.value);
  }
  return true;
}

}  // namespace candor::audit_internal
