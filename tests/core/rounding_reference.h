// An independent definition of "round to nearest, ties to even" into a 16- or 8-bit format: decode every code to its
// exact value by the formula of IEEE 754, list the midpoints between neighbours, and look an input up among them.
// Shares no code with src/core/formats.h.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace candor::test {

struct SmallFormat {
  int exponent_bits, mantissa_bits;
  bool has_infinity;  // false: the all-ones exponent is finite but for one NaN code (f8_e4m3)

  int bias() const { return (1 << (exponent_bits - 1)) - 1; }
  std::uint32_t infinity_code() const { return ((1u << exponent_bits) - 1) << mantissa_bits; }
  std::uint32_t sign_bit() const { return 1u << (exponent_bits + mantissa_bits); }
  /// First magnitude code that is not finite.
  std::uint32_t end_of_finite() const { return has_infinity ? infinity_code() : sign_bit() - 1; }
  /// Value of a magnitude code, as if the exponent range went on for ever.
  double value(std::uint32_t code) const {
    const int exponent = static_cast<int>(code >> mantissa_bits);
    const double mantissa = static_cast<double>(code & ((1u << mantissa_bits) - 1));
    const double one = static_cast<double>(1u << mantissa_bits);
    if (exponent == 0) return std::ldexp(mantissa / one, 1 - bias());
    return std::ldexp(1.0 + mantissa / one, exponent - bias());
  }
  bool is_nan(std::uint32_t code) const {
    const std::uint32_t magnitude = code & (sign_bit() - 1);
    return has_infinity ? magnitude > infinity_code() : magnitude == sign_bit() - 1;
  }
};

inline constexpr SmallFormat kBf16{8, 7, true}, kF16{5, 10, true}, kE4m3{4, 3, false}, kE5m2{5, 2, true};

/// midpoints()[c] lies between codes c and c + 1; exact in double. The last one separates the largest finite value
/// from what overflows.
inline std::vector<double> midpoints(const SmallFormat& format) {
  std::vector<double> points;
  for (std::uint32_t code = 0; code < format.end_of_finite(); ++code)
    points.push_back(format.value(code) / 2 + format.value(code + 1) / 2);
  return points;
}

/// Magnitude code of a non-negative finite x: the number of midpoints below x, a tie going to the even code.
inline std::uint32_t round_to_code(const std::vector<double>& points, double x) {
  const auto at = std::lower_bound(points.begin(), points.end(), x);
  const auto code = static_cast<std::uint32_t>(at - points.begin());
  return at != points.end() && *at == x && code % 2 == 1 ? code + 1 : code;
}

}  // namespace candor::test
