// Scalar conversions between number formats: the definition that every vector conversion must equal bit for bit.
// Header-only and always inlined, so that per-ISA translation units may use it. Exhaustively tested in tests/core/.
// Integer arithmetic only: the results do not depend on the denormal or rounding mode of the thread.
#pragma once

#include <cstdint>

#include "core/view.h"

namespace candor {

CANDOR_ALWAYS_INLINE std::uint32_t f32_bits(float x) { return __builtin_bit_cast(std::uint32_t, x); }
CANDOR_ALWAYS_INLINE float f32_from_bits(std::uint32_t bits) { return __builtin_bit_cast(float, bits); }
CANDOR_ALWAYS_INLINE std::uint64_t f64_bits(double x) { return __builtin_bit_cast(std::uint64_t, x); }
CANDOR_ALWAYS_INLINE double f64_from_bits(std::uint64_t bits) { return __builtin_bit_cast(double, bits); }

// One rule for NaN in every conversion between two formats: the result is a quiet NaN with the sign and the upper
// payload of the source. Only moves within one format keep a signalling NaN.

/// Exact. A signalling NaN becomes quiet, as in every other conversion; the bits alone are a shift by 16.
CANDOR_ALWAYS_INLINE float bf16_bits_to_f32(std::uint16_t bits) {
  const bool is_nan = (bits & 0x7fffu) > 0x7f80u;
  return f32_from_bits(static_cast<std::uint32_t>(bits) << 16 | (is_nan ? 0x400000u : 0u));
}

/// Round to nearest, ties to even. NaN: quiet bit set, sign and upper payload kept. Subnormals kept.
CANDOR_ALWAYS_INLINE std::uint16_t f32_to_bf16_bits(float x) {
  const std::uint32_t bits = f32_bits(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<std::uint16_t>(bits >> 16 | 0x40u);
  return static_cast<std::uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

/// Exact. A signalling NaN becomes quiet, as VCVTPH2PS does.
CANDOR_ALWAYS_INLINE float f16_bits_to_f32(std::uint16_t h) {
  const std::uint32_t sign = static_cast<std::uint32_t>(h & 0x8000u) << 16;
  const std::uint32_t exponent = h >> 10 & 0x1fu;
  std::uint32_t mantissa = h & 0x3ffu;
  if (exponent == 31) {
    return f32_from_bits(sign | 0x7f800000u | mantissa << 13 | (mantissa != 0 ? 0x400000u : 0u));
  }
  if (exponent != 0) return f32_from_bits(sign | (exponent + 112) << 23 | mantissa << 13);
  if (mantissa == 0) return f32_from_bits(sign);
  const int shift = __builtin_clz(mantissa) - 21;  // brings the leading one to bit 10
  mantissa = (mantissa << shift) & 0x3ffu;
  return f32_from_bits(sign | static_cast<std::uint32_t>(113 - shift) << 23 | mantissa << 13);
}

/// Round to nearest, ties to even, gradual underflow, overflow to infinity. NaN: quiet, sign and upper payload kept.
CANDOR_ALWAYS_INLINE std::uint16_t f32_to_f16_bits(float x) {
  const std::uint32_t bits = f32_bits(x);
  const std::uint16_t sign = static_cast<std::uint16_t>(bits >> 16 & 0x8000u);
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return static_cast<std::uint16_t>(sign | 0x7e00u | (magnitude >> 13 & 0x1ffu));
  if (magnitude >= 0x477ff000u) return static_cast<std::uint16_t>(sign | 0x7c00u);  // >= 65520
  if (magnitude >= 0x38800000u) {                                                   // normal in f16
    const std::uint32_t rebased = magnitude - (112u << 23);
    return static_cast<std::uint16_t>(sign | (rebased + 0xfffu + (rebased >> 13 & 1u)) >> 13);
  }
  if (magnitude < 0x33000000u) return sign;              // below half of the smallest subnormal
  const std::uint32_t shift = 126u - (magnitude >> 23);  // 14 … 24
  const std::uint32_t significand = (magnitude & 0x7fffffu) | 0x800000u;
  const std::uint32_t kept = significand >> shift;
  const std::uint32_t rest = significand & ((1u << shift) - 1u);
  const std::uint32_t half = 1u << (shift - 1u);
  return static_cast<std::uint16_t>(sign | (kept + (rest > half || (rest == half && (kept & 1u)) ? 1u : 0u)));
}

/// The magnitude of a finite value, rounded once (to nearest, ties to even) to a format with kToMantissa stored
/// mantissa bits and exponent bias kToBias. The result's top end is open: the caller turns what exceeds its format
/// into infinity or NaN. A subnormal source is taken as zero: it is below half of the smallest subnormal of every
/// narrower format.
template <int kFromMantissa, int kFromBias, int kToMantissa, int kToBias>
CANDOR_ALWAYS_INLINE std::uint64_t round_magnitude(std::uint64_t magnitude) {
  constexpr std::uint64_t kImplicit = std::uint64_t{1} << kFromMantissa;
  const int from_exponent = static_cast<int>(magnitude >> kFromMantissa);
  if (from_exponent == 0) return 0;
  const int exponent = from_exponent - kFromBias + kToBias;  // below 1: subnormal in the target
  const int shift = kFromMantissa - kToMantissa + (exponent < 1 ? 1 - exponent : 0);
  if (shift > kFromMantissa + 1) return 0;  // below half of the smallest subnormal
  const std::uint64_t significand = (magnitude & (kImplicit - 1)) | kImplicit;
  const std::uint64_t kept = significand >> shift;
  const std::uint64_t rest = significand & ((std::uint64_t{1} << shift) - 1);
  const std::uint64_t half = std::uint64_t{1} << (shift - 1);
  const std::uint64_t rounded = kept + (rest > half || (rest == half && (kept & 1)) ? 1 : 0);
  // `rounded` holds the implicit one of a normal number, so the exponent field starts one lower; a carry moves it up.
  return (exponent < 1 ? 0 : static_cast<std::uint64_t>(exponent - 1) << kToMantissa) + rounded;
}

inline constexpr std::uint64_t kF64Magnitude = 0x7fffffffffffffffu, kF64Infinity = 0x7ff0000000000000u;

/// One rounding, not two: 1 + 2^-8 + 2^-40 gives 0x3f81. NaN: quiet, sign and upper payload kept.
CANDOR_ALWAYS_INLINE std::uint16_t f64_to_bf16_bits(double x) {
  const std::uint64_t bits = f64_bits(x), magnitude = bits & kF64Magnitude;
  const std::uint64_t sign = bits >> 48 & 0x8000u;
  if (magnitude > kF64Infinity) return static_cast<std::uint16_t>(sign | 0x7fc0u | (magnitude >> 45 & 0x3fu));
  const std::uint64_t rounded = magnitude == kF64Infinity ? 0x7f80u : round_magnitude<52, 1023, 7, 127>(magnitude);
  return static_cast<std::uint16_t>(sign | (rounded > 0x7f80u ? 0x7f80u : rounded));
}

/// One rounding. NaN: quiet, sign and upper payload kept.
CANDOR_ALWAYS_INLINE std::uint16_t f64_to_f16_bits(double x) {
  const std::uint64_t bits = f64_bits(x), magnitude = bits & kF64Magnitude;
  const std::uint64_t sign = bits >> 48 & 0x8000u;
  if (magnitude > kF64Infinity) return static_cast<std::uint16_t>(sign | 0x7e00u | (magnitude >> 42 & 0x1ffu));
  const std::uint64_t rounded = magnitude == kF64Infinity ? 0x7c00u : round_magnitude<52, 1023, 10, 15>(magnitude);
  return static_cast<std::uint16_t>(sign | (rounded > 0x7c00u ? 0x7c00u : rounded));
}

/// What CVTSD2SS gives, in any denormal mode. NaN: quiet, sign and upper payload kept.
CANDOR_ALWAYS_INLINE float f64_to_f32(double x) {
  const std::uint64_t bits = f64_bits(x), magnitude = bits & kF64Magnitude;
  const std::uint64_t sign = bits >> 32 & 0x80000000u;
  if (magnitude > kF64Infinity)
    return f32_from_bits(static_cast<std::uint32_t>(sign | 0x7fc00000u | (magnitude >> 29 & 0x3fffffu)));
  const std::uint64_t rounded = magnitude == kF64Infinity ? 0x7f800000u : round_magnitude<52, 1023, 23, 127>(magnitude);
  return f32_from_bits(static_cast<std::uint32_t>(sign | (rounded > 0x7f800000u ? 0x7f800000u : rounded)));
}

/// Exact, in any denormal mode. A signalling NaN becomes quiet, as CVTSS2SD does.
CANDOR_ALWAYS_INLINE double f32_to_f64(float x) {
  const std::uint32_t bits = f32_bits(x), magnitude = bits & 0x7fffffffu;
  const std::uint64_t sign = static_cast<std::uint64_t>(bits & 0x80000000u) << 32;
  const std::uint64_t mantissa = magnitude & 0x7fffffu;
  if (magnitude >= 0x7f800000u)
    return f64_from_bits(sign | kF64Infinity | mantissa << 29 | (mantissa != 0 ? std::uint64_t{1} << 51 : 0));
  if (magnitude >= 0x800000u)
    return f64_from_bits(sign | ((static_cast<std::uint64_t>(magnitude) << 29) + (std::uint64_t{896} << 52)));
  if (mantissa == 0) return f64_from_bits(sign);
  const int shift = __builtin_clz(static_cast<std::uint32_t>(mantissa)) - 8;  // brings the leading one to bit 23
  const std::uint64_t fraction = (mantissa << shift & 0x7fffffu) << 29;
  return f64_from_bits(sign | static_cast<std::uint64_t>(897 - shift) << 52 | fraction);
}

// f8_e4m3: the OCP format without infinities (PyTorch's float8_e4m3fn): bias 7, largest 448, NaN is 0x7f or 0xff.
// f8_e5m2: bias 15, largest 57344, infinities and NaNs as in f16, whose upper byte it is.

/// Exact. NaN: quiet, sign kept.
CANDOR_ALWAYS_INLINE float f8_e4m3_bits_to_f32(std::uint8_t code) {
  const std::uint32_t sign = static_cast<std::uint32_t>(code & 0x80u) << 24;
  const std::uint32_t magnitude = code & 0x7fu;
  if (magnitude == 0x7f) return f32_from_bits(sign | 0x7fc00000u);
  if (magnitude >= 8) return f32_from_bits(sign | ((magnitude << 20) + (120u << 23)));
  if (magnitude == 0) return f32_from_bits(sign);
  const int shift = __builtin_clz(magnitude) - 28;  // brings the leading one to bit 3
  return f32_from_bits(sign | static_cast<std::uint32_t>(121 - shift) << 23 | (magnitude << shift & 7u) << 20);
}

/// Exact. A signalling NaN becomes quiet.
CANDOR_ALWAYS_INLINE float f8_e5m2_bits_to_f32(std::uint8_t code) {
  return f16_bits_to_f32(static_cast<std::uint16_t>(code << 8));
}

/// Round to nearest, ties to even; does not saturate: what rounds beyond 448 (from just above 464), infinity and NaN
/// become NaN with the sign kept, as in ml_dtypes (PyTorch saturates to 448).
CANDOR_ALWAYS_INLINE std::uint8_t f32_to_f8_e4m3_bits(float x) {
  const std::uint32_t bits = f32_bits(x), magnitude = bits & 0x7fffffffu;
  const std::uint64_t sign = bits >> 24 & 0x80u;
  const std::uint64_t rounded = magnitude >= 0x7f800000u ? 0x7fu : round_magnitude<23, 127, 3, 7>(magnitude);
  return static_cast<std::uint8_t>(sign | (rounded > 0x7fu ? 0x7fu : rounded));
}

/// Round to nearest, ties to even; overflow (from 61440) to infinity. NaN: quiet, sign and upper payload kept.
CANDOR_ALWAYS_INLINE std::uint8_t f32_to_f8_e5m2_bits(float x) {
  const std::uint32_t bits = f32_bits(x), magnitude = bits & 0x7fffffffu;
  const std::uint64_t sign = bits >> 24 & 0x80u;
  if (magnitude > 0x7f800000u) return static_cast<std::uint8_t>(sign | 0x7eu | (magnitude >> 21 & 1u));
  const std::uint64_t rounded = magnitude == 0x7f800000u ? 0x7cu : round_magnitude<23, 127, 2, 15>(magnitude);
  return static_cast<std::uint8_t>(sign | (rounded > 0x7cu ? 0x7cu : rounded));
}

/// One rounding from f64; otherwise as from f32.
CANDOR_ALWAYS_INLINE std::uint8_t f64_to_f8_e4m3_bits(double x) {
  const std::uint64_t bits = f64_bits(x), magnitude = bits & kF64Magnitude;
  const std::uint64_t sign = bits >> 56 & 0x80u;
  const std::uint64_t rounded = magnitude >= kF64Infinity ? 0x7fu : round_magnitude<52, 1023, 3, 7>(magnitude);
  return static_cast<std::uint8_t>(sign | (rounded > 0x7fu ? 0x7fu : rounded));
}

CANDOR_ALWAYS_INLINE std::uint8_t f64_to_f8_e5m2_bits(double x) {
  const std::uint64_t bits = f64_bits(x), magnitude = bits & kF64Magnitude;
  const std::uint64_t sign = bits >> 56 & 0x80u;
  if (magnitude > kF64Infinity) return static_cast<std::uint8_t>(sign | 0x7eu | (magnitude >> 50 & 1u));
  const std::uint64_t rounded = magnitude == kF64Infinity ? 0x7cu : round_magnitude<52, 1023, 2, 15>(magnitude);
  return static_cast<std::uint8_t>(sign | (rounded > 0x7cu ? 0x7cu : rounded));
}

}  // namespace candor
