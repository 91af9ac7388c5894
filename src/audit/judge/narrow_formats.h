// Formats whose values a wider container may hold without a trace in its label.
#pragma once

#include <span>
#include <string_view>

#include "audit/judge/magnitudes.h"
#include "audit/number_format.h"
#include "candor/dtype.h"

namespace candor::audit_internal {

struct NarrowFormat {
  constexpr NarrowFormat(std::string_view n, const NumberFormat& f)
      : name(n), significand(f.significand()), lowest_bit(f.lowest_bit()), largest(f.largest) {}

  std::string_view name;  // in verdicts: "bf16-in-f32"
  int significand;        // bits, the hidden one included
  int lowest_bit;         // exponent of the smallest subnormal
  double largest;

  bool holds(const Magnitude& value) const;
  bool holds(const SignificandCell& cell) const;  // but for `largest`
};

/// Container of a tensor's values: f64, f32, f16 or bf16; nullptr for others.
const NarrowFormat* container_format(DType dtype);
/// Formats narrower than `container`, narrowest first. TF32, which is f16 with f32's exponents, follows f16.
std::span<const NarrowFormat> narrow_formats();
bool is_narrower(const NarrowFormat& format, const NarrowFormat& container);
/// Significant bits that `format` has at this magnitude: fewer for subnormals.
int bits_at(const NarrowFormat& format, int exponent);

}  // namespace candor::audit_internal
