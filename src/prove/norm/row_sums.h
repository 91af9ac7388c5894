// What ops that sum a row in the middle of their work have in common: rms_norm, layer_norm, softmax.
#pragma once

#include "prove/sum.h"
#include "prove/value/value_path.h"

namespace candor::prove {

/// Relative error of what an honest f32 kernel does between a row's sum and its result where a step rounds: six
/// roundings, and room for a reciprocal root that is good to 2 ulp.
inline constexpr double kStepsError = 8 * 0x1p-24;

/// hypotheses(), with what these ops add: the sum is not the result, so a result of the sum's format is rounded once
/// more; and the order of a sum, which is not asked, may be that of a plain loop.
std::vector<Arithmetic> row_hypotheses(const Storage3& storage, Questions asked);
/// Those of them that differ from plain f32 or f64 sums (flushed or not) in one answer at most: canaries tell these
/// apart.
std::vector<Arithmetic> one_change_apart(const std::vector<Arithmetic>& all, Questions asked);

/// Σ x w in the format and order of the hypothesis, exact but for that.
double row_sum(const Arithmetic& arithmetic, const Values& x, const Values& w);

/// From what the last step gives to what is stored: with a rounding to f32 between them, or without.
Prediction row_result(const Arithmetic& arithmetic, DType out, const ValuePath& path, const Prediction& formed);

/// Both ranges and what lies between them; everything where one of them is NaN and the other is not.
Prediction hull(const Prediction& x, const Prediction& y);
inline Prediction anything() {
  return {-std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()};
}

/// Steps through small whole numbers: the same ones in every run.
class Choices {
 public:
  explicit Choices(std::uint32_t seed) : state_(seed) {}
  std::uint32_t below(std::size_t count) {
    state_ = state_ * 1664525u + 1013904223u;
    return static_cast<std::uint32_t>((std::uint64_t{state_} * count) >> 32);
  }
  double of(const Values& values) { return values[below(values.size())]; }

 private:
  std::uint32_t state_;
};

/// Rows of `values` that are `gap` elements further apart in memory than they are long.
View rows_apart(Operands& memory, DType dtype, std::int64_t rows, std::int64_t gap, const Values& values);
View result_rows_apart(Operands& memory, DType dtype, std::int64_t rows, std::int64_t columns, std::int64_t gap);
/// The first of these columns in the first row, and the first one in any row that is unlike it.
void collect_columns(const View& y, const std::vector<std::size_t>& columns, const std::string& place,
                     std::vector<Result>& results);

}  // namespace candor::prove
