// The three classical tests. Each says how surprising the codes are if they were rounded once, to nearest, from a wide
// source, and needs no more than a density that is smooth over a few codes.
#pragma once

#include <cstdint>
#include <vector>

#include "audit/judge/folded_codes.h"
#include "audit/judge/roughness.h"

namespace candor::audit_internal {

/// Even codes against odd ones: a source of 11 significant bits leaves ties, and those go to the even code.
struct ParityBinade {
  int binade = 0;
  double even = 0, odd = 0, variance = 0;  // counts by weight, and the variance of even - odd
};
struct Parity {
  double excess = 0, variance = 0;  // T = sum of weight * count over the even codes and their neighbours
  double z = 0, p_value = 1, bits = 0;
  std::uint64_t used = 0;
  double even = 0, odd = 0;  // by weight, so that they balance
  std::vector<ParityBinade> binades;
  double even_share() const { return even / (even + odd); }
};
Parity measure_parity(const FoldedCodes& codes, const Roughness& roughness);

/// The code of a power of two against its surroundings: 0.75 of their width when rounded to nearest, 1 when cut off.
struct PowerBinade {
  int binade = 0;
  std::uint64_t powers = 0, around = 0;
};
struct ZeroMantissa {
  std::uint64_t powers = 0, around = 0;  // around: eight units in the last place of codes, centred on the same value
  double ratio = 0, low = 0, high = 0;   // 95 %
  double low_elsewhere = 0;              // the low end without the binade that has the largest surplus
  double p_value = 1, bits = 0;          // p_value is randomised
  std::vector<PowerBinade> binades;      // of which the former are the sums
};
ZeroMantissa measure_zero_mantissa(const FoldedCodes& codes, const Roughness& roughness, double uniform);

/// Different codes with 0 < |x| < 2^-17: are they multiples of 2^-24?
struct Grid {
  std::uint64_t values = 0, off_values = 0;  // elements
  int distinct = 0, off = 0;                 // codes, sign folded
  double expected_off = 0;                   // elements, of one rounding, given how many are in each binade
  double p_value = 1, bits = 0;              // p_value is randomised
  bool deep = false;                         // a value below 2^-24
};
Grid measure_grid(const FoldedCodes& codes, double uniform);

/// The largest g for which the values below 2^(g+7) are multiples of 2^g, and how surprising that is.
struct Quantum {
  int exponent = 0;
  double bits = 0;  // for having tried all exponents, six are taken off; none for f16's own, -24
};
Quantum find_quantum(const FoldedCodes& codes);

/// f16 subnormals flushed to zero: nothing between 0 and 2^-14, a level density above. Pruning by magnitude leaves a
/// gap too: the edge must be where f16 has it, and the gap must not have swallowed more than nobody would prune. In a
/// part: fewer values there than above, evenly down to zero.
struct Gap {
  std::uint64_t below = 0, band = 0;  // values in (0, 2^-14) and [2^-14, 2^-12)
  bool fits = false;         // none below, level above, edge at 2^-14, as many zeros as were swallowed, and those few
  bool fits_part = false;    // some below, level above, and what is missing below is among the zeros
  double short_of_zero = 0;  // bits for values below that end before zero, as pruning leaves them
  double bits = 0;           // of the classical test
};
Gap measure_gap(const FoldedCodes& codes);

/// True if the binades around 2^-17 hold twice as many values each as the one below: the density is level there.
bool is_level(const FoldedCodes& codes, int lowest, int highest);

/// Two-sided density at zero; nothing (0) when the values do not reach down to it.
double density_at_zero(const FoldedCodes& codes);

}  // namespace candor::audit_internal
