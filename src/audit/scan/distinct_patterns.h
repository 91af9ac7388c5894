// How many different bit patterns there are, by trailing zeros, up to a bound.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <vector>

#include "audit/fingerprint.h"

namespace candor::audit_internal {

/// Odd, drawn once for the process: whoever knew it could make a file whose patterns all want the same slots. No count
/// depends on it.
std::uint64_t secret_multiplier();

/// Patterns of `Bits` (f32's or f64's, sign folded) by their trailing zeros. Never holds zero: what is counted has a
/// significand bit that is set.
template <class Bits>
class DistinctPatterns {
 public:
  static constexpr int kMantissa = sizeof(Bits) == 4 ? 23 : 52;
  static constexpr int kFewest = sizeof(Bits) == 4 ? 10 : 29;  // trailing zeros from which on patterns are counted

  /// Finite, at least kFewest trailing zeros in the significand, neither zero nor a power of two.
  static bool counts(Bits magnitude) {
    constexpr Bits kOne = 1;
    const Bits mantissa = magnitude & ((kOne << kMantissa) - 1), field = magnitude >> kMantissa;
    if (mantissa == 0 || field == (sizeof(Bits) == 4 ? 0xffu : 0x7ffu)) return false;
    if (field == 0 && (mantissa & (mantissa - 1)) == 0) return false;
    return std::countr_zero(mantissa) >= kFewest;
  }

  /// `magnitude` must be one that counts().
  void add(Bits magnitude) {
    const int zeros = std::countr_zero(magnitude);
    Level& level = levels_[static_cast<std::size_t>(zeros)];
    if (level.used.size() == kDistinctCap) return;
    if (level.slots.empty()) level.slots.resize(kSlots);
    std::size_t slot = static_cast<std::size_t>(static_cast<std::uint64_t>(magnitude) * multiplier_ >> 51);
    for (; level.slots[slot] != 0; slot = (slot + 1) % kSlots)
      if (level.slots[slot] == magnitude) return;
    level.slots[slot] = magnitude;
    level.used.push_back(static_cast<std::uint16_t>(slot));
  }

  void add(const DistinctPatterns& other) {
    for (const Level& level : other.levels_)
      for (const std::uint16_t slot : level.used) add(level.slots[slot]);
  }

  void clear() {
    for (Level& level : levels_) {
      for (const std::uint16_t slot : level.used) level.slots[slot] = 0;
      level.used.clear();
    }
  }

  /// The fewest trailing zeros that can still raise a count.
  int lowest_open() const {
    int zeros = kFewest;
    while (zeros < kMantissa && levels_[static_cast<std::size_t>(zeros)].used.size() == kDistinctCap) ++zeros;
    return zeros;
  }

  void counts_into(DistinctByZeros& out) const {
    for (std::size_t t = 0; t < levels_.size(); ++t) out[t] = levels_[t].used.size();
  }

 private:
  static constexpr std::size_t kSlots = 2 * kDistinctCap;  // 2^13: the hash's upper 13 bits
  struct Level {
    std::vector<Bits> slots;          // open addressing, 0: free
    std::vector<std::uint16_t> used;  // which are not
  };
  std::array<Level, kMantissa + 1> levels_;
  std::uint64_t multiplier_ = secret_multiplier();
};

}  // namespace candor::audit_internal
