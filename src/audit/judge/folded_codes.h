// A bf16 histogram with the sign folded away, by binade.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "audit/fingerprint.h"
#include "audit/judge/code_table.h"

namespace candor::audit_internal {

struct FoldedCodes {
  static constexpr int kLowest = -127, kBinades = 255;  // subnormals count as binade -127
  std::vector<std::uint64_t> counts;                    // [kMagnitudeCodes], finite
  std::vector<std::uint64_t> binades;                   // [kBinades], zeros left out
  std::uint64_t values = 0;                             // finite and not zero
  std::uint64_t zeros = 0;
  double sigma = 0;

  std::uint64_t in_binade(int e) const { return binades[static_cast<std::size_t>(e - kLowest)]; }
  std::uint64_t at(int e, int m) const { return counts[first_code(e) + static_cast<std::uint32_t>(m)]; }
  /// Values with 0 < |x| < 2^exponent.
  std::uint64_t below(int exponent) const;
  /// Calls `visit(code, count)` for the codes of [first, end) that occur, ascending; zero is none. Most binades are
  /// empty in a small tensor, of which a file may have hundreds of thousands: they are stepped over as a whole.
  template <class Visit>
  void for_each_held(std::uint32_t first, std::uint32_t end, Visit&& visit) const;
};

template <class Visit>
void FoldedCodes::for_each_held(std::uint32_t first, std::uint32_t end, Visit&& visit) const {
  for (std::uint32_t binade = first >> 7; binade << 7 < end; ++binade) {
    if (binades[binade] == 0) continue;
    const std::uint32_t last = std::min(end, (binade + 1) << 7);
    for (std::uint32_t code = std::max({first, binade << 7, 1u}); code < last; ++code)
      if (counts[code] != 0) visit(code, counts[code]);
  }
}

/// Counts of small values, each held to what a code of its kind can plausibly have: a constant written a thousand times
/// is one piece of evidence, not a thousand.
class HeldCounts {
 public:
  explicit HeldCounts(const FoldedCodes& codes);
  double at(std::uint32_t code) const;

 private:
  const FoldedCodes& codes_;
  double most_ = 0;
};

/// The same values times 2^exponent; subnormals, and what bf16 has no place for, are left out.
FoldedCodes times_power_of_two(const FoldedCodes& codes, int exponent);

/// Exponent of the last bit that any value has: all are multiples of this power of two.
int finest_bit(const FoldedCodes& codes);

/// Nothing when the tensor has no bf16 codes.
std::optional<FoldedCodes> fold_codes(const Fingerprint& tensor);

}  // namespace candor::audit_internal
