// What a comparison counts. Sums and smallest indices only: pieces may be added in any order.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "candor/diff.h"

namespace candor::audit_internal::comparison {

inline constexpr std::size_t kMostHistories = 32, kMostWitnesses = 8;

enum class Damage : std::uint8_t {
  nan_to_infinity,
  nan_to_finite,
  nan_code,
  to_infinity,
  to_nan,
  saturated,
  zeroed,
  zero_sign,
  step,
  bytes,
};

/// An element that was changed.
struct ChangedElement {
  std::uint64_t index = 0, code_a = 0, code_b = 0;
  double value_a = 0, value_b = 0, expected = 0;
  Damage damage = Damage::step;
  std::uint64_t steps = 0;  // of B's dtype between expected and found
  bool below = false;
};

/// Largest value and the first index at which it occurs.
struct Largest {
  double value = 0;
  std::uint64_t index = 0;
  void see(double other, std::uint64_t at) {
    if (other > value || (other == value && other > 0 && at < index)) *this = {other, at};
  }
};

/// Values between two neighbours of B's dtype, by eighths of the way from the one nearer to zero. Positions are in
/// 2^-16 of the way.
struct Residuals {
  std::uint64_t count = 0, away = 0;  // away: B has the neighbour farther from zero
  std::uint64_t position = 0;         // sum of r
  std::uint64_t variance = 0;         // sum of r (1 - r), 2^-16
};

struct HistoryTally {
  std::uint64_t explains = 0, differs = 0, differs_right = 0;
};

struct Tally {
  DiffCounts counts;
  Largest absolute, relative;
  std::array<std::uint64_t, 64> above{}, below{};  // [k]: 2^k … 2^(k+1) - 1 steps
  std::array<HistoryTally, kMostHistories> histories{};
  std::array<Residuals, 8> residuals{};
  std::vector<ChangedElement> changed;  // the first eight different pairs of codes, by index

  void add(const Tally& other);
  /// False: it would not be kept, so nobody needs to prepare it.
  bool wants(std::uint64_t index) const { return changed.size() < kMostWitnesses || index < changed.back().index; }
  void keep(const ChangedElement& element);
};

}  // namespace candor::audit_internal::comparison
