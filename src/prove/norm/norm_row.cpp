#include "prove/norm/norm_row.h"

#include <algorithm>

namespace candor::prove {
namespace {

using Extended = long double;

bool in_f32(Extended value) {
  const auto narrow = static_cast<double>(value);
  return static_cast<Extended>(narrow) == value && round_to(DType::f32, narrow) == narrow;
}

/// 1 / sqrt(mean square + eps), and whether no step on the way rounds in f32.
struct Scale {
  Extended value;
  bool exact;
};

Scale scale_of(double sum, std::size_t columns, double eps) {
  const Extended mean = static_cast<Extended>(sum) / static_cast<Extended>(columns), square = mean + eps;
  const Extended root = std::sqrt(square), scale = 1 / root;
  const bool exact = mean * static_cast<Extended>(columns) == sum && in_f32(mean) && in_f32(square) && in_f32(root) &&
                     root * root == square && in_f32(scale) && scale * root == 1;
  return {scale, exact};
}

/// The mean of x, as it is taken from every x.
double mean_of(const Arithmetic& a, const Values& x) {
  const double mean = row_sum(a, x, Values(x.size(), 1.0)) / static_cast<double>(x.size());
  return a.accumulate == DType::f64 ? mean : round_to(DType::f32, mean);
}

}  // namespace

/// Element i of what is normalised, as it is stored: `storing` says how x + residual is.
double NormModel::summed(const NormRow& row, std::size_t i, const Arithmetic& a, const Arithmetic& storing) const {
  const double x = path_.entering(a, a.entry_a, row.x[i]);
  if (row.residual.empty()) return x;
  return stored(storing, storage_.a, path_.flushed(a, x + path_.entering(a, a.entry_a, row.residual[i])));
}

Values NormModel::normalised(const NormRow& row, const Arithmetic& a, const Arithmetic& storing) const {
  Values all(row.x.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool skips = a.skips_store && !row.residual.empty();
    all[i] = skips ? path_.entering(a, a.entry_a, row.x[i]) + path_.entering(a, a.entry_a, row.residual[i])
                   : path_.entering(a, a.entry_a, summed(row, i, a, storing));
  }
  return all;
}

NormModel::Unit NormModel::unit_of(const NormRow& row, const Arithmetic& a, const Values& x) const {
  Values centred = x;
  if (row.centred) {
    const double mean = mean_of(a, x);
    const DType format = a.accumulate == DType::f64 ? DType::f64 : DType::f32;
    for (double& value : centred) value = round_to(format, value - mean);
  }
  const Scale scale = scale_of(row_sum(a, centred, centred), x.size(), row.eps);
  const Extended unit = scale.value * centred[row.at];
  const auto value = static_cast<double>(unit);
  if (!std::isfinite(value) || (scale.exact && in_f32(unit))) return {value, value};
  const double error = std::fabs(value) * kStepsError;
  return {value - error, value + error};
}

Prediction NormModel::result_of(const NormRow& row, const Arithmetic& a, const Arithmetic& storing) const {
  const Values x = normalised(row, a, storing);
  for (const double value : x)
    if (std::isnan(value)) return row_result(a, storage_.out, path_, exactly(value));
  const Unit unit = unit_of(row, a, x);
  const double weight = path_.entering(a, a.entry_b, row.weight[row.at]);
  const double ends[] = {round_to(a.inner, unit.low) * weight, round_to(a.inner, unit.high) * weight};
  Prediction product{std::min(ends[0], ends[1]), std::max(ends[0], ends[1])};
  if (std::isnan(ends[0]) || std::isnan(ends[1])) product = exactly(std::nan(""));
  if (row.bias.empty()) return row_result(a, storage_.out, path_, product);
  const double bias = path_.entering(a, a.entry_b, row.bias[row.at]);
  const Prediction fused{product.low + bias, product.high + bias};
  const Prediction rounded{round_to(DType::f32, product.low) + bias, round_to(DType::f32, product.high) + bias};
  return row_result(a, storage_.out, path_, hull(fused, rounded));
}

Prediction NormModel::predict(const NormRow& row, const Arithmetic& a) const {
  Arithmetic plain = a;  // what spoils the result may leave the stored sum alone, and need not
  plain.rounding = Rounding::nearest_even;
  plain.before_out = DType::any;
  plain.loses_nan = false;
  if (row.shows_sum) {
    const double one = summed(row, row.at, a, plain), other = summed(row, row.at, a, a);
    return std::isnan(one) ? exactly(one) : hull(exactly(one), exactly(other));
  }
  const Prediction one = result_of(row, a, plain);
  if (row.residual.empty() || (a.rounding == plain.rounding && a.before_out == plain.before_out)) return one;
  return hull(one, result_of(row, a, a));
}

bool NormModel::predictable(const NormRow& row) const {
  const Arithmetic plain;
  if (!row.residual.empty())
    for (std::size_t i = 0; i < row.x.size(); ++i)
      if (storage_.a != DType::f32 && !in_f32(static_cast<Extended>(row.x[i]) + row.residual[i])) return false;
  const Values x = normalised(row, plain, plain);
  if (row.centred) {
    const double mean = mean_of(plain, x);
    if (!in_f32(mean)) return false;
    for (const double value : x)
      if (!in_f32(static_cast<Extended>(value) - mean)) return false;
  }
  const Unit unit = unit_of(row, plain, x);
  return std::isfinite(unit.low) && std::fabs(unit.low) >= 0x1p-126;
}

}  // namespace candor::prove
