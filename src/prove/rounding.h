// Number formats and their roundings, written a second time: the prover may not lean on the conversions it judges.
#pragma once

#include <cstdint>

#include "candor/dtype.h"

namespace candor::prove {

/// How a value that a format does not hold becomes one that it does.
enum class Rounding {
  nearest_even,
  toward_zero,  // the low bits cut off
  half_away,    // ties away from zero
};

/// A binary floating format: `bits` significant bits (the hidden one included), normal from 2^min_exponent on.
struct Format {
  int bits, min_exponent;
  double largest;        // finite
  bool infinity = true;  // beyond `largest`: infinity, or NaN
};

/// errors: DTypeError for a dtype that is no scalar floating format
Format format_of(DType dtype);

/// True when every value of `inner` is one of `outer`. Blocks count as f32.
bool holds_all(DType outer, DType inner);

/// `value` in `dtype`; DType::any rounds nothing. Exact values, infinities and NaN pass; subnormals are kept.
double round_to(DType dtype, double value, Rounding rounding = Rounding::nearest_even);

/// True when `dtype` holds `value` exactly; NaN is held. Blocks: when put_constant_block() can write it.
bool holds(DType dtype, double value);
/// The value of `dtype` with the most significant bits that a canary may use, near 1; and how many these are.
double widest_value(DType dtype);
int significant_bits(DType dtype);
/// True when an element can be a subnormal f32.
bool has_subnormal_f32(DType dtype);

/// The code of a value that `dtype` holds exactly, and the value of a code. NaN: the quiet one with a clear sign.
std::uint64_t encode(DType dtype, double value);
double decode(DType dtype, std::uint64_t code);
/// Bytes of an element of a scalar dtype.
int element_bytes(DType dtype);

}  // namespace candor::prove
