// Number formats as a grid of values, and rounding to any of them in any mode, on the bits of f32 or f64.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "candor/dtype.h"
#include "core/formats.h"

namespace candor::audit_internal::comparison {

/// A binary floating-point format.
struct NumberFormat {
  int mantissa = 0;      // stored bits
  int lowest = 0;        // exponent of the smallest normal number
  double largest = 0;    // finite
  bool infinity = true;  // false: what is too large is NaN
  bool operator==(const NumberFormat&) const = default;
};

/// The format of a dtype's values; blocks stand for f32 values. Nothing for dtypes whose values are not read here.
std::optional<NumberFormat> number_format(DType dtype);
inline constexpr NumberFormat kSevenBits{6, -126, 0x1.fcp127, true};  // bf16 without its lowest bit

/// True when every value of `from` is one of `to`.
bool holds(const NumberFormat& to, const NumberFormat& from);

enum class RoundingMode : std::uint8_t { nearest_even, half_away, toward_zero };

/// One conversion. NaN stays as it is.
struct Rounding {
  NumberFormat to;
  RoundingMode mode = RoundingMode::nearest_even;
  bool flush = false;      // subnormal results become zero
  bool saturate = false;   // too large, and infinity: the largest finite value
  bool plus_zero = false;  // zero loses its sign
};

/// Facts of the IEEE format whose bits are in a word.
template <class Word>
struct WordFormat;
template <>
struct WordFormat<std::uint32_t> {
  static constexpr int kMantissa = 23, kBias = 127;
  static constexpr std::uint32_t kSign = 0x80000000u, kInfinity = 0x7f800000u;
  static std::uint32_t bits(double x) { return f32_bits(static_cast<float>(x)); }
  static double value(std::uint32_t bits) { return f32_to_f64(f32_from_bits(bits)); }
};
template <>
struct WordFormat<std::uint64_t> {
  static constexpr int kMantissa = 52, kBias = 1023;
  static constexpr std::uint64_t kSign = std::uint64_t{1} << 63, kInfinity = kF64Infinity;
  static std::uint64_t bits(double x) { return f64_bits(x); }
  static double value(std::uint64_t bits) { return f64_from_bits(bits); }
};

/// A Rounding made ready for words. A binade's codes are evenly spaced, so rounding is an addition and a mask; the
/// carry into the exponent is right by itself.
template <class Word>
class Rounder {
 public:
  using F = WordFormat<Word>;
  explicit Rounder(const Rounding& rounding)
      : rounding_(rounding),
        drop_(F::kMantissa - rounding.to.mantissa),
        lowest_(rounding.to.lowest + F::kBias),
        largest_(F::bits(rounding.to.largest)),
        too_large_(rounding.saturate ? largest_ : F::kInfinity | (rounding.to.infinity ? 0 : quiet())),
        smallest_normal_(static_cast<Word>(lowest_) << F::kMantissa) {}

  Word operator()(Word bits) const {
    const Word sign = bits & F::kSign;
    Word magnitude = bits ^ sign;
    if (magnitude > F::kInfinity) return bits;
    if (magnitude == F::kInfinity) {
      magnitude = too_large_;
    } else {
      magnitude = rounded(magnitude);
      if (magnitude > largest_) magnitude = rounding_.mode == RoundingMode::toward_zero ? largest_ : too_large_;
      if (rounding_.flush && magnitude < smallest_normal_) magnitude = 0;
    }
    return rounding_.plus_zero && magnitude == 0 ? 0 : sign | magnitude;
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
    switch (rounding_.mode) {
      case RoundingMode::nearest_even:
        return (magnitude + half + odd) & ~mask;
      case RoundingMode::half_away:
        return (magnitude + half + 1) & ~mask;
      default:
        return magnitude & ~mask;
    }
  }

  /// Below the format's smallest value, which lies one binade up when `drop` is the mantissa and one.
  Word tiny(Word magnitude, int drop) const {
    if (drop != F::kMantissa + 1 || rounding_.mode == RoundingMode::toward_zero) return 0;
    const Word smallest = ((magnitude >> F::kMantissa) + 1) << F::kMantissa;
    const bool tie = (magnitude & ((Word{1} << F::kMantissa) - 1)) == 0;
    return tie && rounding_.mode == RoundingMode::nearest_even ? 0 : smallest;
  }

  Rounding rounding_;
  int drop_, lowest_;
  Word largest_, too_large_, smallest_normal_;
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

}  // namespace candor::audit_internal::comparison
