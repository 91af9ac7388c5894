// Values of codes, and where f16's lattice lies: what all parts of the audit must mean alike.
#pragma once

#include <cmath>
#include <cstdint>

#include "audit/number_format.h"
#include "candor/dtype.h"
#include "core/formats.h"

namespace candor::audit_internal {

/// The conversions of core/formats.h make every NaN quiet; here it keeps its code.
inline std::uint32_t f16_value_bits(std::uint16_t code) {
  if ((code & 0x7fffu) <= 0x7c00u) return f32_bits(f16_bits_to_f32(code));
  return static_cast<std::uint32_t>(code & 0x8000u) << 16 | 0x7f800000u |
         static_cast<std::uint32_t>(code & 0x3ffu) << 13;
}
inline std::uint32_t bf16_value_bits(std::uint16_t code) { return static_cast<std::uint32_t>(code) << 16; }
inline std::uint32_t f8_e5m2_value_bits(std::uint8_t code) {
  return f16_value_bits(static_cast<std::uint16_t>(code << 8));
}
inline std::uint32_t f8_e4m3_value_bits(std::uint8_t code) { return f32_bits(f8_e4m3_bits_to_f32(code)); }

/// The bits of f32 that have the value of a code of f32 or a narrower floating dtype; different codes stay different.
inline std::uint32_t f32_value_bits(DType dtype, std::uint64_t code) {
  switch (dtype) {
    case DType::bf16:
      return bf16_value_bits(static_cast<std::uint16_t>(code));
    case DType::f16:
      return f16_value_bits(static_cast<std::uint16_t>(code));
    case DType::f8_e4m3:
      return f8_e4m3_value_bits(static_cast<std::uint8_t>(code));
    case DType::f8_e5m2:
      return f8_e5m2_value_bits(static_cast<std::uint8_t>(code));
    default:
      return static_cast<std::uint32_t>(code);
  }
}

/// The value of an element's bits, of a floating dtype. A signalling NaN becomes quiet.
inline double code_value(DType dtype, std::uint64_t bits) {
  return dtype == DType::f64 ? f64_from_bits(bits) : f32_to_f64(f32_from_bits(f32_value_bits(dtype, bits)));
}

/// The smallest normal magnitude of a floating dtype; 0 for every other.
inline double smallest_normal(DType dtype) {
  const std::optional<NumberFormat> format = is_floating(dtype) ? number_format(dtype) : std::nullopt;
  return format ? std::ldexp(1.0, format->lowest) : 0;
}

inline constexpr double kGridEnd = 0x1p-17;  // below it f16 is coarser than bf16

/// 0 < magnitude < 2^-17 and no multiple of 2^-24. Exact: a power of two scales f64 upwards without rounding.
inline bool is_off_f16_lattice(double magnitude) {
  return magnitude > 0 && magnitude < kGridEnd && magnitude * 0x1p24 != std::floor(magnitude * 0x1p24);
}

}  // namespace candor::audit_internal
