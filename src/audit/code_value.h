// Values of codes, and where f16's lattice lies: what scan, blocks and judge must mean alike.
#pragma once

#include <cmath>
#include <cstdint>

#include "candor/dtype.h"
#include "core/formats.h"

namespace candor::audit_internal {

/// The value of an element's bits, of a floating dtype.
inline double code_value(DType dtype, std::uint64_t bits) {
  const auto byte = static_cast<std::uint8_t>(bits);
  const auto half = static_cast<std::uint16_t>(bits);
  switch (dtype) {
    case DType::bf16:
      return f32_to_f64(bf16_bits_to_f32(half));
    case DType::f16:
      return f32_to_f64(f16_bits_to_f32(half));
    case DType::f8_e4m3:
      return f32_to_f64(f8_e4m3_bits_to_f32(byte));
    case DType::f8_e5m2:
      return f32_to_f64(f8_e5m2_bits_to_f32(byte));
    case DType::f32:
      return f32_to_f64(f32_from_bits(static_cast<std::uint32_t>(bits)));
    default:
      return f64_from_bits(bits);
  }
}

/// The smallest normal magnitude of a floating dtype; 0 for every other.
constexpr double smallest_normal(DType dtype) {
  switch (dtype) {
    case DType::f64:
      return 0x1p-1022;
    case DType::f32:
    case DType::bf16:
      return 0x1p-126;
    case DType::f16:
    case DType::f8_e5m2:
      return 0x1p-14;
    case DType::f8_e4m3:
      return 0x1p-6;
    default:
      return 0;
  }
}

inline constexpr double kGridEnd = 0x1p-17;  // below it f16 is coarser than bf16

/// 0 < magnitude < 2^-17 and no multiple of 2^-24. Exact: a power of two scales f64 upwards without rounding.
inline bool is_off_f16_lattice(double magnitude) {
  return magnitude > 0 && magnitude < kGridEnd && magnitude * 0x1p24 != std::floor(magnitude * 0x1p24);
}

}  // namespace candor::audit_internal
