// Number formats as a grid of values: the one table of them that the audit has.
#pragma once

#include <algorithm>
#include <optional>

#include "candor/dtype.h"

namespace candor::audit_internal {

/// A binary floating-point format.
struct NumberFormat {
  int mantissa = 0;      // stored bits
  int lowest = 0;        // exponent of the smallest normal number
  double largest = 0;    // finite
  bool infinity = true;  // false: what is too large is NaN

  constexpr int significand() const { return mantissa + 1; }      // bits, the hidden one included
  constexpr int lowest_bit() const { return lowest - mantissa; }  // exponent of the smallest subnormal number
  /// Exponent of the last bit that is set in a value of this exponent whose significand ends with so many zeros.
  constexpr int last_bit(int exponent, int zeros) const { return std::max(exponent - mantissa, lowest_bit()) + zeros; }
  bool operator==(const NumberFormat&) const = default;
};

inline constexpr NumberFormat kF64Format{52, -1022, 0x1.fffffffffffffp1023}, kF32Format{23, -126, 0x1.fffffep127};
inline constexpr NumberFormat kTf32Format{10, -126, 0x1.ffcp127};  // f16 with f32's exponents
inline constexpr NumberFormat kF16Format{10, -14, 65504}, kBf16Format{7, -126, 0x1.fep127};
inline constexpr NumberFormat kE4m3Format{3, -6, 448, false}, kE5m2Format{2, -14, 57344};
inline constexpr NumberFormat kSevenBitFormat{6, -126, 0x1.fcp127};  // bf16 without its lowest bit
inline constexpr NumberFormat kF32BelowF16Limit{23, -126, 65504};    // f32, but for its range

/// The format of a dtype's values; blocks stand for f32 values. Nothing for dtypes whose values are not read here.
std::optional<NumberFormat> number_format(DType dtype);

/// True when every value of `from` is one of `to`.
bool holds(const NumberFormat& to, const NumberFormat& from);

}  // namespace candor::audit_internal
