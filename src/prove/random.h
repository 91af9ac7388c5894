// Numbers drawn from a seed, the same on every machine and library.
#pragma once

#include "core/mixed_bits.h"
#include "prove/bits/hash.h"

namespace candor::prove {

/// SplitMix64 (Steele, Lea, Flood 2014): the i-th number is a function of the start and of i. What the numbers are for
/// is part of the start, so that they do not depend on what else was drawn.
class Random {
 public:
  Random(std::uint64_t seed, std::string_view purpose) : state_(hashed(purpose) + seed * 0xd1342543de82ef95u) {}

  std::uint64_t bits() {
    state_ += kMixStep;
    return mixed_bits(state_);
  }
  /// In [low, high].
  int between(int low, int high) { return low + static_cast<int>(bits() % static_cast<std::uint64_t>(high - low + 1)); }

 private:
  std::uint64_t state_;
};

}  // namespace candor::prove
