#include "audit/judge/tables.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "audit/number_words.h"
#include "core/formats.h"

namespace candor::audit_internal {
namespace {

constexpr double kLn2 = 0.6931471805599453;
/// f16 leaves multiples of 2^-24, e5m2 of 2^-16: neither is a progression. 24 finer exponents could have been tried.
constexpr int kCoarsest = -14;
/// A progression has its first multiples; products of integers and scales of limited length begin higher.
constexpr int kFirstMultiples = 2;
constexpr int kShort = 11, kFinestTried = 10;  // significant bits; exponents of two
constexpr double kExponentsTried = 6;          // bits: 2^-14 … 2^49
/// Below this, f16's lattice leaves gaps of its own.
constexpr int kLowestUngapped = -17;
constexpr std::uint64_t kHeavy = 32;
constexpr std::size_t kFewestIsolated = 8, kFewestMultiples = 24;  // e4m3 has sixteen
constexpr int kMostMultiples = 256;                                // beyond, bf16 has no code of its own for each

/// Values rounded to eight significant bits: key = 128 * exponent + seven bits of the mantissa. Ascending, as the
/// table is.
struct EightBits {
  int key = 0;
  std::uint64_t count = 0;
};

std::vector<EightBits> eight_bit_counts(const MagnitudeTable& table) {
  constexpr std::uint64_t kBelow = (std::uint64_t{1} << 45) - 1, kTie = std::uint64_t{1} << 44;  // of 52 bits, 7 stay
  std::vector<EightBits> counts;
  counts.reserve(table.values.size());
  for (const Magnitude& m : table.values) {
    const std::uint64_t mantissa = f64_bits(m.value) & ((std::uint64_t{1} << 52) - 1);
    const std::uint64_t up = (mantissa & kBelow) + (mantissa >> 45 & 1) > kTie ? 1 : 0;  // to nearest, ties to even
    const int key = 128 * m.exponent + static_cast<int>((mantissa >> 45) + up);
    if (counts.empty() || counts.back().key != key) counts.push_back({key, 0});
    counts.back().count += m.count();
  }
  return counts;
}

/// Of the keys first … end - 1.
std::uint64_t sum(const std::vector<EightBits>& counts, int first, int end) {
  std::uint64_t total = 0;
  for (const EightBits& c : counts) total += c.key >= first && c.key < end ? c.count : 0;
  return total;
}

}  // namespace

std::vector<LatticeCell> lattice_cells(const MagnitudeTable& table) {
  std::vector<LatticeCell> cells;
  cells.reserve(table.values.size());
  for (const Magnitude& m : table.values) cells.push_back({m.exponent, m.lowest, 1, m.count()});
  return cells;
}

std::vector<LatticeCell> lattice_cells(const std::vector<SignificandCell>& cells) {
  std::vector<LatticeCell> out;
  for (const SignificandCell& cell : cells) {
    const double possible = std::ldexp(1.0, std::max(0, cell.length() - 2));  // first and last bit are set
    out.push_back({cell.exponent, cell.lowest, std::min(possible, static_cast<double>(cell.count)), cell.count});
  }
  return out;
}

std::optional<TableSign> find_whole_numbers(const std::vector<LatticeCell>& cells, double threshold_bits) {
  constexpr int kShortestFormat = 3;  // e5m2
  constexpr double kFewestSmall = 3;  // one constant beside large values, though repeated, tells nothing of them
  int longest = kShortestFormat;
  for (const LatticeCell& cell : cells) {
    if (cell.lowest < 0) return std::nullopt;
    longest = std::max(longest, cell.exponent - cell.lowest + 1);
  }
  double bits = 0, different = 0;  // bits: of each value as many as its significand has behind the point
  std::uint64_t all = 0, small = 0;
  for (const LatticeCell& cell : cells) {
    all += cell.count;
    if (cell.exponent >= longest - 1) continue;
    bits += static_cast<double>(cell.count) * (longest - 1 - cell.exponent);
    different += cell.distinct;
    small += cell.count;
  }
  if (different < kFewestSmall || 10 * small < all || bits < threshold_bits) return std::nullopt;
  return TableSign{bits, "the values are whole numbers, the small ones too, as counts, indices and labels are"};
}

std::optional<TableSign> find_progression(const std::vector<LatticeCell>& cells, double threshold_bits) {
  if (cells.empty()) return std::nullopt;
  int quantum = cells.front().lowest, longest = 0, smallest = cells.front().exponent;
  for (const LatticeCell& cell : cells) {
    quantum = std::min(quantum, cell.lowest);
    longest = std::max(longest, cell.exponent - cell.lowest + 1);
    smallest = std::min(smallest, cell.exponent);
  }
  if (quantum < kCoarsest || smallest > quantum + kFirstMultiples) return std::nullopt;
  double bits = -kExponentsTried;
  for (const LatticeCell& cell : cells) bits += cell.distinct * std::max(0, longest - 1 - (cell.exponent - quantum));
  if (bits < threshold_bits) return std::nullopt;
  return TableSign{bits, std::string("the values are whole multiples of ")
                             .append(power_of_two(quantum))
                             .append(", the small ones too, as those of positions, indices and grids are")};
}

std::optional<TableSign> find_partial_progression(const std::vector<SignificandCell>& cells, double threshold_bits) {
  std::vector<SignificandCell> brief;
  std::uint64_t all = 0, held = 0;
  for (const SignificandCell& cell : cells) {
    all += cell.count;
    if (cell.length() > kShort) continue;
    held += cell.count;
    brief.push_back(cell);
  }
  if (10 * held < all) return std::nullopt;
  for (int quantum = kCoarsest; quantum < kFinestTried; ++quantum) {
    std::vector<SignificandCell> on;
    std::uint64_t small = 0, off = 0;  // those where other formats are finer than the quantum
    for (const SignificandCell& cell : brief) {
      if (cell.lowest < quantum) off += cell.count;
      if (cell.lowest < quantum) continue;
      on.push_back(cell);
      if (cell.exponent < quantum + kShort - 1) small += cell.count;
    }
    if (100 * off > small) continue;
    if (auto sign = find_progression(lattice_cells(on), threshold_bits)) {
      sign->what =
          percent(static_cast<double>(held) / static_cast<double>(all)).append(" of them: ").append(sign->what);
      return sign;
    }
  }
  return std::nullopt;
}

std::optional<TableSign> find_multiples(const MagnitudeTable& table, int significand, double threshold_bits) {
  if (table.values.size() < kFewestMultiples || table.values.front().exponent < kCoarsest) return std::nullopt;
  const double step = table.values.front().value;
  double bits = 0;
  int multiple = 2;
  for (; multiple < kMostMultiples; ++multiple) {
    const int unit = std::ilogb(step * multiple) - significand + 1;
    const double code = std::nearbyint(std::ldexp(step * multiple, -unit));
    if (table.at(std::ldexp(code, unit)) == 0) break;
    int occupied = 0;  // of the sixteen codes around this one
    for (int k = 1; k <= 8; ++k)
      for (const double beside : {code - k, code + k}) occupied += table.at(std::ldexp(beside, unit)) > 0 ? 1 : 0;
    bits += std::log2(17.0 / (occupied + 1));
  }
  if (multiple <= static_cast<int>(kFewestMultiples) || bits < threshold_bits) return std::nullopt;
  return TableSign{bits, std::string("the smallest value, ")
                             .append(short_number(step))
                             .append(", comes with all of its multiples up to ")
                             .append(std::to_string(multiple - 1))
                             .append(" times, as in tables of slopes and distances")};
}

std::optional<TableSign> find_isolated_codes(const MagnitudeTable& table, double threshold_bits) {
  const std::vector<EightBits> counts = eight_bit_counts(table);
  const auto count_of = [&counts](std::size_t i, int key) {
    return i < counts.size() && counts[i].key == key ? counts[i].count : 0;
  };
  std::size_t isolated = 0;
  std::uint64_t held = 0;
  double bits = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const auto [key, count] = counts[i];
    const std::uint64_t beside = (i == 0 ? 0 : count_of(i - 1, key - 1)) + count_of(i + 1, key + 1);
    if (key < 128 * kLowestUngapped || count < kHeavy || beside > count / 16) continue;
    ++isolated;
    held += count;
    // Binomial: a code and the fuller of its neighbours, which no density that is smooth there makes rarer.
    // log2 of 0.98^count 0.02^beside over 0.5^(count + beside), a likelihood ratio.
    bits += 0.97 * static_cast<double>(count) - 4.65 * static_cast<double>(beside);
  }
  if (isolated < kFewestIsolated || 2 * held < table.count() || bits < threshold_bits) return std::nullopt;
  return TableSign{bits, std::string("there are only ")
                             .append(grouped(table.values.size()))
                             .append(" different magnitudes among ")
                             .append(grouped(table.count()))
                             .append(" values, with empty codes between them")};
}

std::optional<TableSign> find_wall_at_one(const MagnitudeTable& table, double threshold_bits) {
  if (table.values.empty() || table.values.back().value != 1.0) return std::nullopt;
  const std::vector<EightBits> counts = eight_bit_counts(table);
  const std::uint64_t ones = sum(counts, 0, 1);
  const auto below = static_cast<double>(sum(counts, -8, 0));     // 0.969 … 0.998
  const auto low = static_cast<double>(sum(counts, -128, -120));  // 0.5 … 0.529: as wide
  const bool piles_up = 8 * static_cast<double>(ones) >= 2 * below && below >= 64;
  const bool rises = below - 1.5 * low >= 6 * std::sqrt(below + 2.25 * low);
  if (!piles_up || !rises || 100 * sum(counts, std::numeric_limits<int>::min(), -2 * 128) < 2 * table.count())
    return std::nullopt;
  // A density that is level up to one gives its code, of half the width, a sixteenth of what is below.
  const double expected = below / 16, seen = static_cast<double>(ones);
  const double bits = (seen * std::log(seen / expected) - (seen - expected)) / kLn2;
  if (bits < threshold_bits) return std::nullopt;
  return TableSign{bits,
                   std::string("no value exceeds 1, which occurs ")
                       .append(grouped(ones))
                       .append(" times, and the density rises towards it, as it does for sines, windows and gates")};
}

}  // namespace candor::audit_internal
