#include "audit/canary/lattice.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "audit/blocks/fit.h"
#include "audit/canary/compare.h"

namespace candor::audit_internal {
namespace {

enum class Scale : std::uint8_t { largest, signed_largest, range };  // of a block: |x|, x, and from least to greatest

struct CodeBook {
  std::string id, text;
  Scale scale;
  std::vector<double> levels;  // rising; the scale maps the extreme onto `unit`
  double unit;
};

std::vector<double> integers(int low, int high) {
  std::vector<double> levels;
  for (int k = low; k <= high; ++k) levels.push_back(k);
  return levels;
}

std::vector<double> levels_of(Family family) {
  const std::span<const double> levels = codebook_levels(family);
  return {levels.begin(), levels.end()};
}

/// Fewest levels first: the narrower code is the stronger claim.
const std::vector<CodeBook>& code_books() {
  static const std::vector<CodeBook> books = {
      {"fp4", "fp4 e2m1", Scale::largest, levels_of(Family::fp4), 6},
      {"int4", "int4", Scale::largest, integers(-7, 7), 7},
      {"int4-signed", "int4 with the extreme at -8", Scale::signed_largest, integers(-8, 7), -8},
      {"nf4", "nf4", Scale::largest, levels_of(Family::nf4), 1},
      {"int4-asymmetric", "int4 with a zero point", Scale::range, integers(0, 15), 15},
      {"int5-signed", "int5 with the extreme at -16", Scale::signed_largest, integers(-16, 15), -16},
      {"int5-asymmetric", "int5 with a zero point", Scale::range, integers(0, 31), 31},
      {"f8_e5m2-scaled", "fp8 e5m2 with a scale", Scale::largest, levels_of(Family::fp8_e5m2), 57344},
      {"f8_e4m3-scaled", "fp8 e4m3 with a scale", Scale::largest, levels_of(Family::fp8_e4m3), 448},
      {"int8", "int8", Scale::largest, integers(-127, 127), 127},
      {"int8-asymmetric", "int8 with a zero point", Scale::range, integers(0, 255), 255}};
  return books;
}

struct Pair {
  double was, is;
};

/// A result rounded to bf16 (2^-9), a scale out of an extreme that was (2^-9), and one kept in bf16 or f16 (2^-9).
constexpr double kTolerance = 3.0 / 512;

std::uint64_t exceptions_in(std::span<const Pair> block, const CodeBook& book) {
  double low = block[0].is, high = block[0].is;
  for (const Pair& pair : block) low = std::min(low, pair.is), high = std::max(high, pair.is);
  const double largest = std::max(-low, high);
  double step = largest / book.unit, zero = 0;
  if (book.scale == Scale::signed_largest && -low > high) step = -step;  // the extreme has the code of `unit`
  if (book.scale == Scale::range) step = (high - low) / book.unit, zero = low;
  if (step == 0) return 0;  // a block of zeros says nothing
  std::uint64_t exceptions = 0;
  for (const Pair& pair : block) {
    const double at = (pair.is - zero) / step;
    auto above = std::lower_bound(book.levels.begin(), book.levels.end(), at);
    if (above == book.levels.end() || (above != book.levels.begin() && at - above[-1] < *above - at)) --above;
    const double slack = kTolerance * (std::abs(*above) + std::abs(zero / step));
    const double gap = std::max(above == book.levels.begin() ? 0 : *above - above[-1],
                                above + 1 == book.levels.end() ? 0 : above[1] - *above);
    const bool end = above == book.levels.begin() || above + 1 == book.levels.end();  // where values are clipped
    exceptions +=
        std::abs(at - *above) > slack || std::abs((pair.was - pair.is) / step) > (end ? gap : gap / 2) + 2 * slack;
  }
  return exceptions;
}

struct Grouping {
  std::string id, text;
  std::size_t elements;
  bool columns;
};

std::vector<Grouping> extents_of(const CanaryValues& canary) {
  const auto columns = static_cast<std::size_t>(canary.shape.back());
  std::vector<Grouping> extents = {{"tensor", "the whole tensor", canary.bits.size(), false}};
  if (canary.shape.size() == 2) {
    extents.push_back({"row", "each row", columns, false});
    extents.push_back({"column", "each column", canary.bits.size() / columns, true});
  }
  for (const std::size_t block : {128, 64, 32, 16})
    extents.push_back({"block" + std::to_string(block), "each " + std::to_string(block) + " elements", block, false});
  return extents;
}

std::uint64_t count_exceptions(const std::vector<Pair>& pairs, const CanaryValues& canary, const Grouping& extent,
                               const CodeBook& book) {
  std::vector<Pair> turned;
  if (extent.columns) {
    const auto columns = static_cast<std::size_t>(canary.shape.back());
    for (std::size_t c = 0; c < columns; ++c)
      for (std::size_t i = c; i < pairs.size(); i += columns) turned.push_back(pairs[i]);
  }
  const std::span<const Pair> all(extent.columns ? turned : pairs);
  std::uint64_t exceptions = 0;
  for (std::size_t begin = 0; begin < all.size(); begin += extent.elements)
    exceptions += exceptions_in(all.subspan(begin, extent.elements), book);
  return exceptions;
}

}  // namespace

/// Scales that are not looked for, of blocks of blocks say: few different values where there were many.
std::optional<LatticeFit> fit_few_values(const std::vector<Pair>& pairs) {
  constexpr std::size_t kBlock = 32, kLevels = 16;
  for (std::size_t begin = 0; begin < pairs.size(); begin += kBlock) {
    std::vector<double> values;
    for (std::size_t i = begin; i < begin + kBlock; ++i) values.push_back(pairs[i].is);
    std::sort(values.begin(), values.end());
    if (std::unique(values.begin(), values.end()) - values.begin() > static_cast<std::ptrdiff_t>(kLevels))
      return std::nullopt;
  }
  return LatticeFit{"4-bit-block32",
                    "through a 4-bit code with scales that are not named here: at most 16 different values in each 32",
                    0};
}

std::optional<LatticeFit> fit_lattice(const FoundCanary& found) {
  if (!found.canary->ordinary || found.tensor.bits.empty()) return std::nullopt;
  std::vector<Pair> pairs;
  for (std::size_t i = 0; i < found.canary->bits.size(); ++i) {
    pairs.push_back({value_of(found.canary->dtype, found.canary->bits[i]), found_value(found, i)});
    if (!std::isfinite(pairs.back().is)) return std::nullopt;
  }
  // Zeros lie on every lattice.
  if (std::all_of(pairs.begin(), pairs.end(), [](const Pair& pair) { return pair.is == 0; })) return std::nullopt;
  std::optional<LatticeFit> best;
  for (const CodeBook& book : code_books())
    for (const Grouping& extent : extents_of(*found.canary)) {
      const std::uint64_t exceptions = count_exceptions(pairs, *found.canary, extent, book);
      if (exceptions * 50 > pairs.size() || (best && exceptions >= best->exceptions)) continue;  // above 2 %
      best = LatticeFit{book.id + "-" + extent.id, "through " + book.text + ", a scale for " + extent.text, exceptions};
    }
  return best ? best : fit_few_values(pairs);
}

}  // namespace candor::audit_internal
