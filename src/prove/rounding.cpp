#include "prove/rounding.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <string>

#include "candor/error.h"
#include "prove/constant_block.h"

namespace candor::prove {
namespace {

// Of f64, as ldexp and ilogb have it; most of a proof's time goes into these.
constexpr int kBias = 1023, kExponentBits = 0x7ff;

double power_of_two(int exponent) {
  if (exponent < 1 - kBias || exponent > kBias) return std::ldexp(1.0, exponent);
  return std::bit_cast<double>(static_cast<std::uint64_t>(exponent + kBias) << 52);
}

/// Of a finite number that is not zero.
int exponent_of(double value) {
  const int field = static_cast<int>(std::bit_cast<std::uint64_t>(value) >> 52 & kExponentBits);
  return field == 0 ? std::ilogb(value) : field - kBias;
}

/// `scaled` to a whole number.
double whole(double scaled, Rounding rounding) {
  const double low = std::trunc(scaled), rest = std::fabs(scaled - low);
  if (rounding == Rounding::toward_zero || rest < 0.5) return low;
  const double high = low + std::copysign(1.0, scaled);
  if (rest > 0.5 || rounding == Rounding::half_away) return high;
  return std::fmod(low, 2.0) == 0.0 ? low : high;
}

/// Bits of the exponent field.
int exponent_bits(DType dtype, const Format& format) { return 8 * element_bytes(dtype) - format.bits; }

bool is_block_dtype(DType dtype) { return dtype != DType::any && dtype_info(dtype).kind == DTypeKind::block; }

}  // namespace

Format format_of(DType dtype) {
  switch (dtype) {
    case DType::f64:
      return {53, -1022, std::numeric_limits<double>::max()};
    case DType::f32:
      return {24, -126, 0x1.fffffep127};
    case DType::tf32:
      return {11, -126, 0x1.ffcp127};
    case DType::f16:
      return {11, -14, 65504.0};
    case DType::bf16:
      return {8, -126, 0x1.fep127};
    case DType::f8_e4m3:
      return {4, -6, 448.0, false};
    case DType::f8_e5m2:
      return {3, -14, 57344.0};
    default:
      throw DTypeError("prove: " + std::string(dtype_name(dtype)) + " is no floating format");
  }
}

bool holds_all(DType outer, DType inner) {
  if (outer == DType::any) return true;
  const Format o = format_of(outer), i = format_of(is_block_dtype(inner) ? DType::f32 : inner);
  return o.bits >= i.bits && o.min_exponent - o.bits <= i.min_exponent - i.bits && o.largest >= i.largest;
}

double round_to(DType dtype, double value, Rounding rounding) {
  if (dtype == DType::any || dtype == DType::f64 || !std::isfinite(value) || value == 0) return value;
  const Format format = format_of(dtype);
  const int last_place = std::max(exponent_of(value), format.min_exponent) - format.bits + 1;
  const double rounded = whole(value * power_of_two(-last_place), rounding) * power_of_two(last_place);
  if (std::fabs(rounded) <= format.largest) return rounded == 0 ? std::copysign(0.0, value) : rounded;
  if (rounding == Rounding::toward_zero) return std::copysign(format.largest, value);
  const double beyond = format.infinity ? std::numeric_limits<double>::infinity() : std::nan("");
  return std::copysign(beyond, value);
}

bool holds(DType dtype, double value) {
  if (is_block_dtype(dtype)) return block_parts(dtype, value).has_value();
  return std::isnan(value) || round_to(dtype, value) == value;
}

double widest_value(DType dtype) {
  if (is_block_dtype(dtype)) return widest_block_value(dtype);
  return 2 - std::ldexp(1.0, 1 - format_of(dtype).bits);
}

int significant_bits(DType dtype) {
  const double value = widest_value(dtype);
  int bits = 1;
  while (std::ldexp(value, bits) != std::trunc(std::ldexp(value, bits))) ++bits;
  return bits + std::ilogb(value) + 1;
}

bool has_subnormal_f32(DType dtype) { return is_floating(dtype) && format_of(dtype).min_exponent <= -126; }

int element_bytes(DType dtype) { return static_cast<int>(dtype_info(dtype).block_bytes); }

std::uint64_t encode(DType dtype, double value) {
  const Format format = format_of(dtype);
  const int mantissa_bits = format.bits - 1, bias = 1 - format.min_exponent;
  const std::uint64_t sign = std::uint64_t{std::signbit(value)} << (8 * element_bytes(dtype) - 1);
  const std::uint64_t exponent_ones = (std::uint64_t{1} << exponent_bits(dtype, format)) - 1;
  const std::uint64_t infinity = exponent_ones << mantissa_bits;
  if (std::isnan(value)) {
    if (!format.infinity) return infinity | ((std::uint64_t{1} << mantissa_bits) - 1);
    return infinity | std::uint64_t{1} << (mantissa_bits - 1);
  }
  if (std::isinf(value)) return sign | infinity;
  if (value == 0) return sign;
  const int exponent = std::max(exponent_of(value), format.min_exponent);
  const auto mantissa = static_cast<std::uint64_t>(std::ldexp(std::fabs(value), mantissa_bits - exponent));
  const std::uint64_t hidden = std::uint64_t{1} << mantissa_bits;
  if (mantissa < hidden) return sign | mantissa;  // subnormal
  return sign | static_cast<std::uint64_t>(exponent + bias) << mantissa_bits | (mantissa - hidden);
}

double decode(DType dtype, std::uint64_t code) {
  const Format format = format_of(dtype);
  const int mantissa_bits = format.bits - 1, bias = 1 - format.min_exponent;
  const std::uint64_t hidden = std::uint64_t{1} << mantissa_bits, mantissa = code & (hidden - 1);
  const std::uint64_t exponent_ones = (std::uint64_t{1} << exponent_bits(dtype, format)) - 1;
  const std::uint64_t exponent = code >> mantissa_bits & exponent_ones;
  const double sign = code >> (8 * element_bytes(dtype) - 1) & 1 ? -1.0 : 1.0;
  if (format.infinity && exponent == exponent_ones)
    return std::copysign(mantissa == 0 ? std::numeric_limits<double>::infinity() : std::nan(""), sign);
  if (!format.infinity && exponent == exponent_ones && mantissa == hidden - 1) return std::copysign(std::nan(""), sign);
  if (exponent == 0) return sign * std::ldexp(static_cast<double>(mantissa), format.min_exponent - mantissa_bits);
  return sign * std::ldexp(static_cast<double>(mantissa + hidden), static_cast<int>(exponent) - bias - mantissa_bits);
}

}  // namespace candor::prove
