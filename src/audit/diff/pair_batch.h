// Pairs of values that are judged together.
#pragma once

#include <array>
#include <cstddef>

#include "audit/rounding.h"

namespace candor::audit_internal::comparison {

/// A pair of values, `weight` times in its piece, for the first time at `at`.
template <class Word>
struct ValuePair {
  Word a = 0, b = 0;
  std::uint32_t weight = 1, at = 0;
};

/// Arrays side by side, of which loops over all kSize make vector code; places that are not used weigh nothing.
template <class Word>
struct PairBatch {
  static constexpr std::size_t kSize = 1024;  // whole blocks of every dtype
  std::array<Word, kSize> a{}, b{};
  std::array<std::uint32_t, kSize> weight{}, at{};
  std::size_t count = 0;

  bool full() const { return count == kSize; }
  void push(const ValuePair<Word>& pair) {
    a[count] = pair.a;
    b[count] = pair.b;
    weight[count] = pair.weight;
    at[count++] = pair.at;
  }
  ValuePair<Word> operator[](std::size_t i) const { return {a[i], b[i], weight[i], at[i]}; }
  void clear() {
    weight.fill(0);
    count = 0;
  }
};

/// Magnitudes from 2^-14 to 256: numbers that every format but f8_e4m3 holds as normal ones, and that overflow none.
/// There a rounding depends on nothing but its mantissa and its mode, and many histories are one and the same.
template <class Word>
bool is_plain(Word bits) {
  using F = WordFormat<Word>;
  constexpr Word kLow = static_cast<Word>(F::kBias - 14) << F::kMantissa;
  constexpr Word kHigh = static_cast<Word>(F::kBias + 8) << F::kMantissa;
  return (bits & ~F::kSign) - kLow < kHigh - kLow;
}

}  // namespace candor::audit_internal::comparison
