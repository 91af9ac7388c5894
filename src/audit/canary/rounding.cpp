#include "audit/canary/rounding.h"

#include <algorithm>

#include "core/formats.h"

namespace candor::audit_internal {
namespace {

/// Units of the last place, rounded from `significand` / 2^shift.
std::uint64_t rounded(std::uint64_t significand, int shift, Rounding rounding) {
  if (shift <= 0) return significand << -shift;
  if (shift > 40) return rounding == Rounding::upward && significand != 0 ? 1 : 0;
  const std::uint64_t kept = significand >> shift, rest = significand & ((std::uint64_t{1} << shift) - 1);
  const std::uint64_t half = std::uint64_t{1} << (shift - 1);
  switch (rounding) {
    case Rounding::truncate:
      return kept;
    case Rounding::upward:
      return kept + (rest != 0);
    case Rounding::half_away:
      return kept + (rest >= half);
    case Rounding::nearest_even:
      break;
  }
  return kept + (rest > half || (rest == half && (kept & 1) != 0));
}

float overflowed(const ValueFormat& format, std::uint32_t sign, Rounding rounding, Overflow overflow) {
  const bool stops = rounding == Rounding::truncate || overflow == Overflow::saturate || overflow == Overflow::clamp;
  if (stops) return f32_from_bits(sign | f32_bits(f64_to_f32(format.largest)));
  return f32_from_bits(sign | (overflow == Overflow::nan ? 0x7fc00000u : 0x7f800000u));
}

}  // namespace

float round_to(const ValueFormat& format, float x, Rounding rounding, Overflow overflow, bool flush) {
  const std::uint32_t bits = f32_bits(x), sign = bits & 0x80000000u, magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u || magnitude == 0) return x;
  if (magnitude == 0x7f800000u) {
    if (overflow == Overflow::infinity || overflow == Overflow::saturate) return x;
    return overflowed(format, sign, Rounding::nearest_even, overflow);
  }
  const int exponent_field = static_cast<int>(magnitude >> 23);
  const int exponent = std::max(exponent_field, 1) - 127;
  const std::uint64_t significand = (magnitude & 0x7fffffu) | (exponent_field == 0 ? 0u : 0x800000u);
  if (flush && exponent < format.quantum + format.significand - 1) return f32_from_bits(sign);
  const int step = std::max(exponent - format.significand + 1,
                            format.quantum);  // of the last place kept
  const std::uint64_t units = rounded(significand, step - (exponent - 23), rounding);
  const double value = static_cast<double>(units) * f64_from_bits(static_cast<std::uint64_t>(1023 + step) << 52);
  if (value > format.largest) return overflowed(format, sign, rounding, overflow);
  return f32_from_bits(sign | f32_bits(f64_to_f32(value)));
}

}  // namespace candor::audit_internal
