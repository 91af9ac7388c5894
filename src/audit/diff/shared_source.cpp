#include "audit/diff/shared_source.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace candor::audit_internal::comparison {

bool SharedSource::possible(double a, double b) const {
  if (std::signbit(a) != std::signbit(b)) return false;
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  const double magnitude = std::fabs(a), held = std::isinf(a) ? format_a_.largest : magnitude;
  const int exponent = held == 0 ? format_a_.lowest : std::max(std::ilogb(held), format_a_.lowest);
  const double half = std::ldexp(0.5, exponent - format_a_.mantissa);  // of a step; all sums here are exact
  const bool first = std::ldexp(1.0, exponent) == held && exponent > format_a_.lowest;  // of its binade
  double low = std::isinf(a) ? held + half : magnitude - (first ? half / 2 : half), high = magnitude + half;
  const bool even = std::isinf(a) || std::fmod(magnitude / (2 * half), 2) == 0;
  if (!even) {  // ties go to the neighbours
    low = std::nextafter(low, kInfinite);
    high = std::nextafter(high, 0.0);
  }
  const auto in_b = [&](double x) { return f64_from_bits(to_b_(f64_bits(x))); };
  return in_b(std::fmax(low, 0)) <= std::fabs(b) && std::fabs(b) <= in_b(high);
}

}  // namespace candor::audit_internal::comparison
