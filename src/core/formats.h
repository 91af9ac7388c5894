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

/// Exact; keeps every bit, also of a signalling NaN.
CANDOR_ALWAYS_INLINE float bf16_bits_to_f32(std::uint16_t bits) {
  return f32_from_bits(static_cast<std::uint32_t>(bits) << 16);
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

/// Round to nearest, ties to even, gradual underflow, overflow to infinity. NaN: quiet, upper payload kept.
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
  if (magnitude < 0x33000000u) return sign;  // below half of the smallest subnormal
  const std::uint32_t shift = 126u - (magnitude >> 23);  // 14 … 24
  const std::uint32_t significand = (magnitude & 0x7fffffu) | 0x800000u;
  const std::uint32_t kept = significand >> shift;
  const std::uint32_t rest = significand & ((1u << shift) - 1u);
  const std::uint32_t half = 1u << (shift - 1u);
  return static_cast<std::uint16_t>(sign | (kept + (rest > half || (rest == half && (kept & 1u)) ? 1u : 0u)));
}

}  // namespace candor
