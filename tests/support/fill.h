// Seeded inputs. The generator is our own, so that a seed means the same numbers on every machine and library.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <vector>

namespace candor::test {

using Doubles = std::vector<double>;

/// SplitMix64 (Steele, Lea, Flood 2014).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15u + 0x1234567u) {}

  std::uint64_t bits() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
  }
  /// In [low, high).
  double uniform(double low, double high) {
    return low + (high - low) * (static_cast<double>(bits() >> 11) * 0x1p-53);
  }
  /// In [low, high].
  std::int64_t integer(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(bits() % static_cast<std::uint64_t>(high - low + 1));
  }
  /// Mean 0, variance 1 (Box, Muller 1958).
  double normal() {
    const double u = uniform(0x1p-53, 1.0), v = uniform(0.0, 1.0);
    return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v);
  }

 private:
  std::uint64_t state_;
};

inline Doubles uniform(std::int64_t count, std::uint64_t seed, double low = -1.0, double high = 1.0) {
  Random random(seed);
  Doubles values(static_cast<std::size_t>(count));
  for (double& value : values) value = random.uniform(low, high);
  return values;
}

inline Doubles normal(std::int64_t count, std::uint64_t seed, double deviation = 1.0) {
  Random random(seed);
  Doubles values(static_cast<std::size_t>(count));
  for (double& value : values) value = deviation * random.normal();
  return values;
}

/// Integers in [-largest, largest]: with largest_a · largest_b · K <= 2^24 every partial sum of a dot is exact in f32.
inline Doubles integers(std::int64_t count, std::uint64_t seed, std::int64_t largest) {
  Random random(seed);
  Doubles values(static_cast<std::size_t>(count));
  for (double& value : values) value = static_cast<double>(random.integer(-largest, largest));
  return values;
}

/// Magnitudes spread evenly over 2^low … 2^high, random signs.
inline Doubles wide_range(std::int64_t count, std::uint64_t seed, double low = -12.0, double high = 12.0) {
  Random random(seed);
  Doubles values(static_cast<std::size_t>(count));
  for (double& value : values) {
    const double magnitude = std::exp2(random.uniform(low, high));
    value = random.bits() & 1u ? magnitude : -magnitude;
  }
  return values;
}

/// Zeros of both signs, infinities, NaN, the ends of every format's range, subnormals, halfway cases; repeated.
inline Doubles specials(std::int64_t count) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const Doubles pool = {0.0, -0.0, 1.0, -1.0, kInfinity, -kInfinity, std::numeric_limits<double>::quiet_NaN(),
                        0x1p-149, -0x1p-149, 0x1p-130, 0x1p-126, 0x1p-30, 0x1p-24, 0x1p-25, 0x1.8p-25, 0x1p-14, 65504.0,
                        65519.0, 65520.0, -65520.0, 0x1p17, 0x1.fep127, 0x1.fffffep127, -0x1.fffffep127, 448.0, 57344.0,
                        1.0 + 0x1p-8, 1.0 + 0x1.8p-7, 1.0 + 0x1p-9, 1.0 + 0x1p-11, 1.0 + 0x1p-12, 1.0 + 0x1p-23};
  Doubles values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = pool[i % pool.size()];
  return values;
}

}  // namespace candor::test
