#include "prove/selection/selection_canaries.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "prove/canary_search.h"
#include "prove/conversion/conversion_probes.h"

namespace candor::prove {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity(), kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kColumns = 37;

/// At these places, in rising order, stand these values; everywhere else `others`.
struct Pattern {
  const char* name;
  std::vector<std::pair<std::size_t, double>> at;
  double others = 0;
  std::size_t columns = kColumns;
};

std::vector<Pattern> patterns() {
  return {
      {"two equal ones", {{11, 1}, {29, 1}}},
      {"all equal", {}, 1},
      {"1, then 1 + 2^-7", {{3, 1}, {20, 1 + 0x1p-7}}},
      {"1, then 1 + 2^-10", {{3, 1}, {20, 1 + 0x1p-10}}},
      {"1, then 1 + 2^-23", {{3, 1}, {36, 1 + 0x1p-23}}},
      {"65504, then 65520", {{3, 65504}, {20, 65520}}},
      {"2^17, then 2^18", {{1, 0x1p17}, {35, 0x1p18}}},
      {"2^-31, then 2^-30", {{2, 0x1p-31}, {34, 0x1p-30}}},
      {"2^-23, then 2^-22", {{2, 0x1p-23}, {34, 0x1p-22}}},
      {"2^-131, then 2^-130", {{4, 0x1p-131}, {18, 0x1p-130}}},
      {"-2^-130 among smaller", {{33, -0x1p-130}}, -0x1p-129},
      {"-1 - 2^-7, then -1", {{0, -1 - 0x1p-7}, {32, -1}}, -2},
      {"-0, then 0", {{6, -0.0}, {19, 0}}, -1},
      {"all -infinity", {}, -kInfinity},
      {"infinity", {{16, kInfinity}, {17, 65504}}},
      {"infinity, then NaN", {{7, kInfinity}, {30, kNaN}}},
      {"NaN, then infinity", {{7, kNaN}, {30, kInfinity}}},
      {"two NaNs, then 1", {{5, kNaN}, {8, kNaN}, {21, 1}}},
      {"the last of 1001", {{10, 2}, {1000, 3}}, 1, 1001},
  };
}

std::string text_of_pattern(const Pattern& pattern) {
  std::string text = "x[" + std::to_string(pattern.columns) + "]";
  for (const auto& [place, value] : pattern.at) text += ", " + text_of(value) + " at " + std::to_string(place);
  return text + ", elsewhere " + text_of(pattern.others);
}

std::optional<SelectionCanary> canary_of(const Pattern& pattern, DType dtype) {
  const auto unheld = [&](double value) { return !holds(dtype, value); };
  if (unheld(pattern.others)) return std::nullopt;
  SelectionCanary canary{{pattern.name, text_of_pattern(pattern)}, {}, pattern.columns};
  canary.codes.assign(pattern.columns, encode(dtype, pattern.others));
  for (const auto& [place, value] : pattern.at) {
    if (unheld(value)) return std::nullopt;
    canary.codes[place] = encode(dtype, value);
  }
  return canary;
}

/// The largest element at every place of a row.
SelectionCanary every_place(DType dtype) {
  SelectionCanary canary{
      {"the largest at every place", "[37, 37], 1 on the diagonal; the result is how many are found"},
      {},
      kColumns,
      SelectionCanary::counted};
  canary.codes.assign(kColumns * kColumns, 0);
  for (std::size_t r = 0; r < kColumns; ++r) {
    canary.codes[r * kColumns + r] = encode(dtype, 1);
    canary.wanted.push_back(r);
  }
  return canary;
}

/// Three rows of the same whole numbers, from 0 on, each in another order. `columns`: a prime, so that the steps from
/// one place to the next larger number reach them all; numbers that every format here holds.
SelectionCanary every_rank(DType dtype, std::size_t columns, std::size_t ranks) {
  const std::string all = std::to_string(columns), asked = std::to_string(ranks);
  SelectionCanary canary{{asked + " ranks of " + all + " numbers",
                          "[3, " + all + "], each row 0 to " + std::to_string(columns - 1) + " in another order, k = " +
                              asked + "; the result is how many indices and values are right"},
                         Codes(3 * columns),
                         columns,
                         SelectionCanary::ranked};
  canary.ranks = ranks;
  for (std::size_t r = 0; r < 3; ++r)
    for (std::size_t rank = 0; rank < columns; ++rank) {
      const std::size_t place = (rank * (7 + 4 * r) + 5 * r + 3) % columns;
      canary.codes[r * columns + place] = encode(dtype, static_cast<double>(columns - 1 - rank));
      if (rank < ranks) canary.wanted.push_back(place);
    }
  return canary;
}

/// Each number beside the next larger one: all of a 16-bit format, some of a wider one.
SelectionCanary neighbours(DType dtype) {
  SelectionCanary canary{{"neighbours of " + std::string(dtype_name(dtype)), ""}, {}, 2, SelectionCanary::counted};
  for (const CodeClass& all : code_classes(dtype, dtype))
    for (const std::uint64_t code : all.codes) {
      const double value = decode(dtype, code);
      if (value == 0 || std::isinf(value)) continue;
      const std::uint64_t nearer_zero = code - 1;
      for (const std::uint64_t one : {value > 0 ? nearer_zero : code, value > 0 ? code : nearer_zero})
        canary.codes.push_back(one);
      canary.wanted.push_back(1);
    }
  canary.text.input =
      std::to_string(canary.wanted.size()) + " rows [smaller, larger]; the result is how many are found";
  return canary;
}

}  // namespace

Values SelectionCanary::values(DType dtype) const {
  Values all;
  for (const std::uint64_t code : codes) all.push_back(decode(dtype, code));
  return all;
}

std::vector<SelectionCanary> selection_canaries(DType dtype, std::size_t ranks) {
  std::vector<SelectionCanary> all;
  for (const Pattern& pattern : patterns()) {
    const std::optional<SelectionCanary> canary = canary_of(pattern, dtype);
    for (std::size_t rank = 0; canary && rank < ranks; ++rank) {
      all.push_back(*canary);
      all.back().rank = rank;
      if (rank > 0) all.back().text.name += ", rank " + std::to_string(rank + 1);
    }
  }
  all.push_back(every_place(dtype));
  all.push_back(neighbours(dtype));
  return all;
}

void add_value_canaries(std::vector<SelectionCanary>& all, DType dtype) {
  const Pattern wide{
      "values of all bits", {{4, 3 * widest_value(dtype) / 2}, {9, widest_value(dtype)}, {20, -0.0}}, -1};
  const Pattern ends{"values that f16 does not hold", {{4, 0x1p100}, {9, 0x1p-40}, {35, 0x1p-130}}, -1};
  const Pattern simple{"values of few bits", {{4, widest_value(dtype)}, {9, 0.5}, {35, 0.25}}, -1};
  const Pattern nine{"values of nine bits", {{4, 1 + 0x1p-8}, {9, 0.5 + 0x1p-9}, {35, 0.25 + 0x1p-10}}, -1};
  for (const Pattern& pattern : {wide, ends, simple, nine}) {
    const std::optional<SelectionCanary> canary = canary_of(pattern, dtype);
    for (std::size_t rank = 0; canary && rank < 3; ++rank) {
      all.push_back(*canary);
      all.back().kind = SelectionCanary::value;
      all.back().rank = rank;
      all.back().text.name += ", rank " + std::to_string(rank + 1);
    }
  }
  all.push_back(every_rank(dtype, kColumns, kColumns));
  all.push_back(every_rank(dtype, 211, 10));
  SelectionCanary nans{{"NaNs that come first", ""}, {}, 3, SelectionCanary::nan_values};
  for (const std::uint64_t code : nan_codes_of(dtype)) {
    const Codes row = {encode(dtype, 1), code, encode(dtype, kInfinity)};
    nans.codes.insert(nans.codes.end(), row.begin(), row.end());
    nans.wanted.push_back(1);
  }
  nans.text.input =
      std::to_string(nans.wanted.size()) + " rows [1, NaN, infinity]; the result is how many keep their bits";
  all.push_back(nans);
}

View placed_rows(Operands& memory, DType dtype, const Codes& codes, std::size_t columns, std::int64_t rows,
                 std::int64_t gap) {
  const auto extent = static_cast<std::int64_t>(columns), given = static_cast<std::int64_t>(codes.size()) / extent;
  const std::int64_t count = std::max(rows, given);
  View all = memory.result(dtype, {count, extent + gap});
  for (std::int64_t r = 0; r < count; ++r)
    for (std::int64_t c = 0; c < extent + gap; ++c)
      set_code(all, r * (extent + gap) + c,
               c < extent ? codes[static_cast<std::size_t>(r % given * extent + c)]
                          : encode(dtype, c % 2 ? kNaN : kInfinity));
  all.shape[1] = extent;
  return all;
}

}  // namespace candor::prove
