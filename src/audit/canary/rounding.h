// Rounding to any format that f32 contains, in any way that a converter may do it: integer arithmetic only.
#pragma once

#include <cstdint>

namespace candor::audit_internal {

enum class Rounding : std::uint8_t { nearest_even, truncate, half_away, upward };  // upward: away from zero
enum class Overflow : std::uint8_t {
  infinity,  // by the format's own rule
  saturate,  // finite values stop at the largest; infinities stay
  clamp,     // infinities become the largest too
  nan,       // a format without infinities
};

struct ValueFormat {
  int significand;  // bits, with the implicit one
  int quantum;      // exponent of the smallest subnormal
  double largest;
};
inline constexpr ValueFormat kBf16Format{8, -133, 0x1.fep127}, kF16Format{11, -24, 65504};
inline constexpr ValueFormat kTf32Format{11, -136, 0x1.ffcp127}, kSevenBitFormat{7, -132, 0x1.fcp127};
inline constexpr ValueFormat kE4m3Format{4, -9, 448}, kE5m2Format{3, -16, 57344};
inline constexpr ValueFormat kF32BelowF16Limit{24, -149, 65504};  // f32, but for its range

/// `x` as the format stores it. NaN stays NaN. `flush`: what is below the normal range before rounding becomes zero.
float round_to(const ValueFormat& format, float x, Rounding rounding, Overflow overflow, bool flush);

}  // namespace candor::audit_internal
