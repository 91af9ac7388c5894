// Rounding to any number format in any way that a converter may do it, on the bits of f32 or f64: integer arithmetic
// only, so that the thread's denormal and rounding modes do not matter.
#pragma once

#include <algorithm>
#include <cstdint>

#include "audit/number_format.h"
#include "core/formats.h"

namespace candor::audit_internal {

enum class RoundingMode : std::uint8_t { nearest_even, half_away, toward_zero, away_from_zero };

enum class Overflow : std::uint8_t {
  by_rule,   // infinity, or NaN in a format without it
  saturate,  // finite values stop at the largest; infinity as by the rule
  clamp,     // infinity becomes the largest too
};

enum class Flush : std::uint8_t {
  none,
  results,  // what is subnormal after rounding becomes zero
  inputs,   // what is below the format's normal range before rounding does
};

/// One conversion. NaN stays as it is.
struct Rounding {
  NumberFormat to;
  RoundingMode mode = RoundingMode::nearest_even;
  Overflow overflow = Overflow::by_rule;
  Flush flush = Flush::none;
  bool plus_zero = false;  // zero loses its sign
};

/// Facts of the IEEE format whose bits are in a word.
template <class Word>
struct WordFormat;
template <>
struct WordFormat<std::uint32_t> {
  static constexpr int kMantissa = 23, kBias = 127;
  static constexpr std::uint32_t kSign = 0x80000000u, kInfinity = 0x7f800000u;
  static std::uint32_t bits(double x) { return f32_bits(f64_to_f32(x)); }
  static double value(std::uint32_t bits) { return f32_to_f64(f32_from_bits(bits)); }
};
template <>
struct WordFormat<std::uint64_t> {
  static constexpr int kMantissa = 52, kBias = 1023;
  static constexpr std::uint64_t kSign = std::uint64_t{1} << 63, kInfinity = kF64Infinity;
  static std::uint64_t bits(double x) { return f64_bits(x); }
  static double value(std::uint64_t bits) { return f64_from_bits(bits); }
};

/// A Rounding made ready for words, of which every value of its format is one. A binade's codes are evenly spaced, so
/// rounding is an addition and a mask; the carry into the exponent is right by itself.
template <class Word>
class Rounder {
 public:
  using F = WordFormat<Word>;
  explicit Rounder(const Rounding& rounding)
      : mode_(rounding.mode),
        flush_(rounding.flush),
        plus_zero_(rounding.plus_zero),
        drop_(F::kMantissa - rounding.to.mantissa),
        lowest_(rounding.to.lowest + F::kBias),
        largest_(F::bits(rounding.to.largest)),
        of_infinity_(F::kInfinity | (rounding.to.infinity ? 0 : quiet())),
        too_large_(of_infinity_),
        smallest_normal_(static_cast<Word>(lowest_) << F::kMantissa) {
    if (rounding.overflow != Overflow::by_rule || mode_ == RoundingMode::toward_zero) too_large_ = largest_;
    if (rounding.overflow == Overflow::clamp) of_infinity_ = largest_;
  }

  Word operator()(Word bits) const {
    const Word sign = bits & F::kSign;
    Word magnitude = bits ^ sign;
    if (magnitude > F::kInfinity) return bits;
    if (magnitude == F::kInfinity) {
      magnitude = of_infinity_;
    } else {
      if (flush_ == Flush::inputs && magnitude < smallest_normal_) magnitude = 0;
      magnitude = rounded(magnitude);
      if (magnitude > largest_) magnitude = too_large_;
      if (flush_ == Flush::results && magnitude < smallest_normal_) magnitude = 0;
    }
    return plus_zero_ && magnitude == 0 ? 0 : sign | magnitude;
  }

 private:
  static constexpr Word quiet() { return Word{1} << (F::kMantissa - 1); }

  Word rounded(Word magnitude) const {
    const int exponent = std::max(1, static_cast<int>(magnitude >> F::kMantissa));
    const int drop = drop_ + std::max(0, lowest_ - exponent);
    if (drop <= 0) return magnitude;
    if (drop > F::kMantissa) return tiny(magnitude, drop);
    const Word mask = (Word{1} << drop) - 1;
    // At the format's smallest value the bit above the dropped ones is not stored, and is one.
    const Word odd = drop == F::kMantissa ? 1 : magnitude >> drop & 1;
    const Word half = mask >> 1;
    switch (mode_) {
      case RoundingMode::nearest_even:
        return (magnitude + half + odd) & ~mask;
      case RoundingMode::half_away:
        return (magnitude + half + 1) & ~mask;
      case RoundingMode::away_from_zero:
        return (magnitude + mask) & ~mask;
      case RoundingMode::toward_zero:
        break;
    }
    return magnitude & ~mask;
  }

  /// Below the format's smallest value, which lies one binade up when `drop` is the mantissa and one.
  Word tiny(Word magnitude, int drop) const {
    const int below = drop - F::kMantissa;  // binades
    if (magnitude == 0 || mode_ == RoundingMode::toward_zero) return 0;
    if (mode_ != RoundingMode::away_from_zero && below != 1) return 0;
    const auto exponent = static_cast<Word>(std::max(1, static_cast<int>(magnitude >> F::kMantissa)) + below);
    const bool tie = (magnitude & ((Word{1} << F::kMantissa) - 1)) == 0;
    return tie && mode_ == RoundingMode::nearest_even ? 0 : exponent << F::kMantissa;
  }

  RoundingMode mode_;
  Flush flush_;
  bool plus_zero_;
  int drop_, lowest_;
  Word largest_, of_infinity_, too_large_, smallest_normal_;
};

/// Steps of `format` from zero to a finite value on its grid.
template <class Word>
std::uint64_t steps_from_zero(Word magnitude, const NumberFormat& format) {
  using F = WordFormat<Word>;
  const int drop = F::kMantissa - format.mantissa, lowest = format.lowest + F::kBias;
  const int exponent = static_cast<int>(magnitude >> F::kMantissa);
  const Word implicit = Word{1} << F::kMantissa;
  if (exponent >= lowest)  // the codes of normal numbers follow those of the subnormal ones
    return static_cast<std::uint64_t>((magnitude - (static_cast<Word>(lowest - 1) << F::kMantissa)) >> drop);
  const Word significand = exponent == 0 ? magnitude : (magnitude & (implicit - 1)) | implicit;
  const int shift = drop + lowest - std::max(1, exponent);
  return shift > F::kMantissa ? 0 : static_cast<std::uint64_t>(significand >> shift);
}

}  // namespace candor::audit_internal
