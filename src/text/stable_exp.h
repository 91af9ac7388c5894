// exp in plain f64 operations, so that a draw gives the same token on every machine; libm's differs in the last bits
// from one CPU to the next.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace candor::text {

/// e^x for x <= 0, relative error below 1e-15; 0 below -708. Needs -ffp-contract=off.
inline double stable_exp(double x) {
  if (x < -708.0) return 0.0;
  constexpr double kLog2E = 1.4426950408889634, kLn2High = 0.693147180369123816490,
                   kLn2Low = 1.90821492927058770002e-10;
  const double n = std::floor(x * kLog2E + 0.5);
  const double r =
      (x - n * kLn2High) - n * kLn2Low;  // |r| <= ln(2)/2: the high part has zeros at its end, n * it is exact
  double sum = 1.0;                      // Taylor by Horner: r^14/14! is below 1e-17
  for (int k = 13; k >= 1; --k) sum = 1.0 + sum * r / k;
  return sum * std::bit_cast<double>(static_cast<std::uint64_t>(static_cast<std::int64_t>(n) + 1023) << 52);
}

}  // namespace candor::text
