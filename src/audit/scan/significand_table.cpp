#include "audit/scan/significand_table.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>
#include <random>

#include "audit/load.h"
#include "audit/scan/vector_loops.h"

namespace candor::audit_internal {
namespace {

template <class Bits>
struct Layout;
template <>
struct Layout<std::uint32_t> {
  static constexpr int kMantissa = 23, kBias = 127, kSpecial = 0xff, kColumns = 32;
  static constexpr std::size_t kTables = 4;  // take turns: half of all values share three cells
};
template <>
struct Layout<std::uint64_t> {
  static constexpr int kMantissa = 52, kBias = 1023, kSpecial = 0x7ff, kColumns = 64;
  static constexpr std::size_t kTables = 1;  // of half a mebibyte
};

template <class Bits>
constexpr std::size_t kCells = static_cast<std::size_t>(Layout<Bits>::kSpecial + 1) * Layout<Bits>::kColumns;

/// Zero and the powers of two have all of the mantissa's zeros, subnormals those of their bits: no cell is shared.
template <class Bits>
inline std::size_t cell_of(Bits bits, int& zeros) {
  constexpr Bits kHidden = Bits{1} << Layout<Bits>::kMantissa;
  zeros = std::countr_zero(bits | kHidden);
  const auto field = static_cast<std::size_t>(bits >> Layout<Bits>::kMantissa) & Layout<Bits>::kSpecial;
  return field * Layout<Bits>::kColumns + static_cast<std::size_t>(zeros);
}

template <class Bits>
Significand split(Bits magnitude) {
  using L = Layout<Bits>;
  const Bits mantissa = magnitude & ((Bits{1} << L::kMantissa) - 1);
  const int field = static_cast<int>(magnitude >> L::kMantissa);
  const Bits significand = field == 0 ? mantissa : mantissa | Bits{1} << L::kMantissa;
  const int top = static_cast<int>(std::bit_width(significand)) - 1;
  const int exponent = std::max(field, 1) - L::kBias - L::kMantissa + top;
  return {std::clamp(exponent, SignificandCounts::kLowest, SignificandCounts::kHighest), std::countr_zero(significand)};
}

}  // namespace

std::uint64_t secret_multiplier() {
  static const std::uint64_t drawn = [] {
    std::random_device device;
    return (std::uint64_t{device()} << 32 | device()) | 1;
  }();
  return drawn;
}

Significand significand_of(std::uint32_t magnitude) { return split(magnitude); }
Significand significand_of(std::uint64_t magnitude) { return split(magnitude); }

std::uint32_t significand_cell(Significand value) {
  return static_cast<std::uint32_t>((value.exponent - SignificandCounts::kLowest) * SignificandCounts::kZeros +
                                    value.zeros);
}

template <class Bits>
SignificandTable<Bits>::SignificandTable() : cells_(Layout<Bits>::kTables * kCells<Bits>) {}

template <class Bits>
void SignificandTable<Bits>::add(const std::byte* values, std::size_t elements) {
  std::size_t done = 0;
  if constexpr (sizeof(Bits) == 4) done = add_groups(values, elements);
  std::uint32_t* const cells = cells_.data();
  for (std::size_t i = done; i < elements; ++i) {
    const Bits bits = load<Bits>(values + i * sizeof(Bits));
    int zeros = 0;
    ++cells[cell_of(bits, zeros)];
    if (zeros >= fewest_) [[unlikely]]
      add_pattern(bits);
  }
  add_subnormals(values, elements);
}

template <class Bits>
void SignificandTable<Bits>::add_pattern(Bits bits) {
  const Bits magnitude = bits & ~Bits{0} >> 1;
  if (DistinctPatterns<Bits>::counts(magnitude)) patterns_.add(magnitude);
}

/// One group's values with enough trailing zeros; most have none or one of them.
template <class Bits>
void SignificandTable<Bits>::add_patterns(const std::byte* values, const std::uint16_t* cells) {
  constexpr std::uint64_t kOnes = 0x0001000100010001, kZeros = 31 * kOnes, kCarry = 32 * kOnes;
  const std::uint64_t add = static_cast<std::uint64_t>(32 - fewest_) * kOnes;  // 32 is reached from fewest_ on
  for (std::size_t i = 0; i < kCellGroup; i += 4) {
    std::uint64_t word;
    std::memcpy(&word, cells + i, sizeof word);
    for (word = ((word & kZeros) + add) & kCarry; word != 0; word &= word - 1)
      add_pattern(load<Bits>(values + (i + static_cast<std::size_t>(std::countr_zero(word)) / 16) * sizeof(Bits)));
  }
}

/// Whole groups of f32 values: where their counters are is found by vectors. Returns how many values that were.
template <class Bits>
std::size_t SignificandTable<Bits>::add_groups(const std::byte* values, std::size_t elements) {
  constexpr std::size_t kMost = 16;  // groups at a time: their cells stay in the first cache
  std::uint16_t cells[kMost * kCellGroup], most[kMost];
  std::uint32_t* const table = cells_.data();
  const std::size_t groups = elements / kCellGroup;
  for (std::size_t group = 0; group < groups; group += kMost) {
    const std::size_t n = std::min(kMost, groups - group);
    const std::byte* at = values + group * kCellGroup * sizeof(Bits);
    significand_cells(at, n, cells, most);
    for (std::size_t i = 0; i < n * kCellGroup; i += kCellGroup) {
      // While counters are busy memory is not: it brings the values of the next groups.
      for (std::size_t k = 0; k < kCellGroup; k += 16)
        __builtin_prefetch(at + (4 * kMost * kCellGroup + i + k) * sizeof(Bits));
#pragma GCC unroll 16
      for (std::size_t k = 0; k < kCellGroup; k += 4) {
        std::uint64_t word;
        std::memcpy(&word, cells + i + k, sizeof word);
        ++table[word & 0xffff];
        ++table[kCells<Bits> + (word >> 16 & 0xffff)];
        ++table[2 * kCells<Bits> + (word >> 32 & 0xffff)];
        ++table[3 * kCells<Bits> + (word >> 48)];
      }
    }
    for (std::size_t g = 0; g < n; ++g)
      if (most[g] >= fewest_) add_patterns(at + g * kCellGroup * sizeof(Bits), cells + g * kCellGroup);
  }
  return groups * kCellGroup;
}

/// The cells tell cheaply whether there are any in these values; then they are looked for.
template <class Bits>
void SignificandTable<Bits>::add_subnormals(const std::byte* values, std::size_t elements) {
  using L = Layout<Bits>;
  std::uint64_t seen = 0;
  for (std::size_t k = 0; k < L::kTables; ++k)
    for (std::size_t zeros = 0; zeros < L::kMantissa; ++zeros) seen += cells_[k * kCells<Bits> + zeros];
  if (seen == subnormals_) return;
  subnormals_ = seen;
  std::map<std::uint32_t, std::uint64_t> cells;
  for (std::size_t i = 0; i < elements; ++i) {
    const Bits magnitude = load<Bits>(values + i * sizeof(Bits)) & ~Bits{0} >> 1;
    if (magnitude != 0 && magnitude >> L::kMantissa == 0) ++cells[significand_cell(split(magnitude))];
  }
  subnormal_cells_.insert(subnormal_cells_.end(), cells.begin(), cells.end());
}

template <class Bits>
CodeCounts SignificandTable<Bits>::take(ValueCounts& counts) {
  using L = Layout<Bits>;
  CodeCounts out = std::move(subnormal_cells_);
  subnormal_cells_.clear();
  subnormals_ = 0;
  for (std::size_t cell = 0; cell < kCells<Bits>; ++cell) {
    std::uint64_t n = 0;
    for (std::size_t k = 0; k < L::kTables; ++k) n += cells_[k * kCells<Bits> + cell];
    if (n == 0) continue;
    const int field = static_cast<int>(cell / L::kColumns), zeros = static_cast<int>(cell % L::kColumns);
    const bool bare = zeros == L::kMantissa;  // no bit of the mantissa is set
    if (field == L::kSpecial) {
      (bare ? counts.infinities : counts.nans) += n;
    } else if (field == 0) {
      (bare ? counts.zeros : counts.subnormals) += n;
    } else {
      const int exponent = std::clamp(field - L::kBias, SignificandCounts::kLowest, SignificandCounts::kHighest);
      out.emplace_back(significand_cell({exponent, zeros}), n);
    }
  }
  std::fill(cells_.begin(), cells_.end(), 0);
  return out;
}

template class SignificandTable<std::uint32_t>;
template class SignificandTable<std::uint64_t>;

}  // namespace candor::audit_internal
