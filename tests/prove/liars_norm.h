// rms_norm, layer_norm and softmax as plain f32 loops that do one thing otherwise than their row says: the prover must
// name it.
#pragma once

#include <cmath>
#include <limits>

#include "backend/ref/elements.h"
#include "kernels/kernel_row.h"
#include "prove/rounding.h"

namespace candor::test {

enum class NormLie {
  none,
  x_through_bf16,  // on its way in; x_through_f16 the same
  x_through_f16,
  weight_through_bf16,
  weight_through_f16,
  inner_through_bf16,  // the normalised value before the weight; softmax: the exponentials
  inner_through_f16,
  sums_in_bf16,  // one element after the other
  sums_in_f16,
  lanes_in_bf16,  // in sixteen partial sums
  lanes_in_f16,
  sums_in_f64,   // too good
  through_bf16,  // the result on its way out
  through_f16,
  truncates,
  ties_away,
  flushes,
  loses_nan,          // in the result
  skips_nan,          // in the sum
  keeps_unrounded,    // what is normalised is x + residual before it is stored
  truncates_the_sum,  // x + residual on its way to storage
  residual_through_bf16,
  tail_through_bf16,  // of every row: what sixteen does not divide
  later_rows_through_bf16,
  one_pass,      // layer_norm: variance as E[x²] - E[x]²
  mean_in_bf16,  // layer_norm: that sum alone; mean_in_f16 the same
  mean_in_f16,
  bias_through_bf16,
  forgets_maximum,   // softmax: exponentials of x itself
  by_reciprocal,     // these are honest: one over the divisor first
  sums_one_by_one,   // in f32
  rounds_squares,    // to f32, before they are added
  squares_of_bf16,   // this is not: what is normalised has more bits
  errs_by_two_ulps,  // softmax's exponentials
};
inline NormLie norm_lie = NormLie::none;  // of the kernels below; launches are plain functions

inline bool lies(NormLie lie) { return norm_lie == lie; }
inline double rounded_if(bool lying, DType dtype, double value) {
  return lying ? prove::round_to(dtype, value) : value;
}

/// Where all storage is f16, its subnormals are those that a liar may flush.
struct NormStorage {
  DType a, b, out;
  bool f16_only() const { return a == DType::f16 && b == DType::f16 && out == DType::f16; }
  double without_subnormals(double smallest, double value) const {
    return lies(NormLie::flushes) && std::fabs(value) < smallest ? std::copysign(0.0, value) : value;
  }
  double read(double value) const { return without_subnormals(f16_only() ? 0x1p-14 : 0x1p-126, value); }
  /// What one f32 instruction gives.
  double step(double value) const {
    return f16_only() ? prove::round_to(DType::f32, value)
                      : without_subnormals(0x1p-126, prove::round_to(DType::f32, value));
  }
  double result(double value) const {
    if (std::isnan(value)) return lies(NormLie::loses_nan) ? 1.0 : value;
    value = without_subnormals(f16_only() ? 0x1p-14 : 0x1p-126, value);
    value = rounded_if(lies(NormLie::through_bf16), DType::bf16, value);
    value = rounded_if(lies(NormLie::through_f16), DType::f16, value);
    return prove::round_to(out, value,
                           lies(NormLie::truncates)   ? prove::Rounding::toward_zero
                           : lies(NormLie::ties_away) ? prove::Rounding::half_away
                                                      : prove::Rounding::nearest_even);
  }
  /// The last step: rounded to f32 on its way to a narrower format only.
  double last(double value) const { return result(out == DType::f32 ? value : step(value)); }
};

inline DType lying_sum_format() {
  if (lies(NormLie::sums_in_bf16) || lies(NormLie::lanes_in_bf16)) return DType::bf16;
  if (lies(NormLie::sums_in_f16) || lies(NormLie::lanes_in_f16)) return DType::f16;
  return lies(NormLie::sums_in_f64) ? DType::f64 : DType::f32;
}

/// Σ term(c), term by term, or in sixteen partial sums as the rows of this engine do.
template <class Term>
double lying_sum(const NormStorage& storage, DType format, std::size_t columns, const Term& term) {
  const bool one_by_one = lies(NormLie::sums_in_bf16) || lies(NormLie::sums_in_f16) || lies(NormLie::sums_in_f64) ||
                          lies(NormLie::sums_one_by_one);
  ref::Doubles sums(one_by_one ? 1 : 16, 0.0);
  const auto added = [&](double sum, double value) {
    const double total = prove::round_to(format, sum + value);
    return format == DType::f32 ? storage.step(total) : total;
  };
  for (std::size_t c = 0; c < columns; ++c) {
    if (lies(NormLie::skips_nan) && std::isnan(term(c))) continue;
    double& sum = sums[c % sums.size()];
    sum = added(sum, term(c));
  }
  for (std::size_t width = sums.size() / 2; width >= 1; width /= 2)
    for (std::size_t i = 0; i < width; ++i) sums[i] = added(sums[i], sums[i + width]);
  return sums[0];
}

inline double lying_square(double x) {
  x = rounded_if(lies(NormLie::squares_of_bf16), DType::bf16, x);
  return rounded_if(lies(NormLie::rounds_squares), DType::f32, x * x);
}

/// x as it is normalised; x + residual goes to `sum`.
template <class Op>
ref::Doubles lying_input(const NormStorage& storage, const Op& args, std::int64_t row) {
  ref::Doubles x = ref::load_row(args.x, row);
  const auto read = [&](double value) {
    value = rounded_if(lies(NormLie::x_through_bf16), DType::bf16, storage.read(value));
    return rounded_if(lies(NormLie::x_through_f16), DType::f16, value);
  };
  for (double& value : x) value = read(value);
  if (!args.residual.present()) return x;
  const ref::Doubles residual = ref::load_row(args.residual, row);
  ref::Doubles stored(x.size());
  for (std::size_t c = 0; c < x.size(); ++c) {
    x[c] += rounded_if(lies(NormLie::residual_through_bf16), DType::bf16, read(residual[c]));
    stored[c] = prove::round_to(
        storage.a, storage.read(x[c]),
        lies(NormLie::truncates_the_sum) ? prove::Rounding::toward_zero : prove::Rounding::nearest_even);
  }
  ref::store_row(args.sum, row, stored);
  if (lies(NormLie::keeps_unrounded)) return x;
  for (double& value : stored) value = read(value);
  return stored;
}

inline bool in_norm_tail(std::size_t column, std::size_t columns) { return column >= columns / 16 * 16; }

/// One over the root of the mean square, and the results.
template <class Op>
void lying_norm_row(const NormStorage& storage, const Op& args, std::int64_t row, const ref::Doubles& x,
                    double mean_square, const ref::Doubles& weight, const ref::Doubles& bias) {
  const double root = storage.step(std::sqrt(storage.step(mean_square + static_cast<double>(args.eps))));
  const double scale = storage.step(1 / root);
  ref::Doubles y(x.size());
  for (std::size_t c = 0; c < x.size(); ++c) {
    double unit = storage.step(x[c] * scale);
    const bool here = (lies(NormLie::tail_through_bf16) && in_norm_tail(c, x.size())) ||
                      (lies(NormLie::later_rows_through_bf16) && row > 0);
    unit = rounded_if(lies(NormLie::inner_through_bf16) || here, DType::bf16, unit);
    unit = rounded_if(lies(NormLie::inner_through_f16), DType::f16, unit);
    double w = rounded_if(lies(NormLie::weight_through_bf16) || here, DType::bf16, storage.read(weight[c]));
    w = rounded_if(lies(NormLie::weight_through_f16), DType::f16, w);
    double value = unit * w;
    if (!bias.empty()) {
      const double offset = rounded_if(lies(NormLie::weight_through_f16), DType::f16, storage.read(bias[c]));
      value += rounded_if(lies(NormLie::bias_through_bf16) || lies(NormLie::weight_through_bf16), DType::bf16, offset);
    }
    y[c] = storage.last(value);
  }
  ref::store_row(args.y, row, y);
}

inline double lying_mean(const NormStorage& storage, double sum, std::size_t columns) {
  const auto count = static_cast<double>(columns);
  return storage.step(lies(NormLie::by_reciprocal) ? sum * storage.step(1 / count) : sum / count);
}

inline void lying_rms_norm(const RmsNorm& args, Stream&) {
  const NormStorage storage{args.x.dtype, args.weight.dtype, args.y.dtype};
  const ref::Doubles weight = ref::load_all(args.weight);  // [C]
  for (std::int64_t r = 0; r < ref::row_count(args.x); ++r) {
    const ref::Doubles x = lying_input(storage, args, r);  // [C]
    const double squares =
        lying_sum(storage, lying_sum_format(), x.size(), [&](std::size_t c) { return lying_square(x[c]); });
    lying_norm_row(storage, args, r, x, lying_mean(storage, squares, x.size()), weight, {});
  }
}

inline void lying_layer_norm(const LayerNorm& args, Stream&) {
  const NormStorage storage{args.x.dtype, args.weight.dtype, args.y.dtype};
  const ref::Doubles weight = ref::load_all(args.weight);                                     // [C]
  const ref::Doubles bias = args.bias.present() ? ref::load_all(args.bias) : ref::Doubles();  // [C] or none
  for (std::int64_t r = 0; r < ref::row_count(args.x); ++r) {
    ref::Doubles x = lying_input(storage, args, r);  // [C]
    const DType format = lies(NormLie::mean_in_bf16)  ? DType::bf16
                         : lies(NormLie::mean_in_f16) ? DType::f16
                                                      : lying_sum_format();
    const double mean =
        lying_mean(storage, lying_sum(storage, format, x.size(), [&](std::size_t c) { return x[c]; }), x.size());
    const bool one_pass = lies(NormLie::one_pass);
    ref::Doubles d = x;
    for (double& value : d) value = storage.step(value - mean);
    const ref::Doubles& squared = one_pass ? x : d;
    const auto square = [&](std::size_t c) { return lying_square(squared[c]); };
    double variance = lying_mean(storage, lying_sum(storage, lying_sum_format(), x.size(), square), x.size());
    if (one_pass) variance = storage.step(variance - storage.step(mean * mean));
    lying_norm_row(storage, args, r, d, variance, weight, bias);
  }
}

inline void lying_softmax(const Softmax& args, Stream&) {
  const NormStorage storage{args.x.dtype, args.x.dtype, args.y.dtype};
  for (std::int64_t r = 0; r < ref::row_count(args.x); ++r) {
    ref::Doubles x = ref::load_row(args.x, r);  // [C]
    for (double& value : x) {
      value = rounded_if(lies(NormLie::x_through_bf16), DType::bf16, storage.read(value));
      value = rounded_if(lies(NormLie::x_through_f16), DType::f16, value);
    }
    double largest = -std::numeric_limits<double>::infinity();
    for (const double value : x) largest = std::fmax(largest, value);
    if (lies(NormLie::forgets_maximum)) largest = 0;
    for (std::size_t c = 0; c < x.size(); ++c) {
      const bool errs = lies(NormLie::errs_by_two_ulps) && x[c] != largest;
      x[c] = storage.step(std::exp(storage.step(x[c] - largest)) * (errs ? 1 + 0x1p-23 : 1));
      const bool here = (lies(NormLie::tail_through_bf16) && in_norm_tail(c, x.size())) ||
                        (lies(NormLie::later_rows_through_bf16) && r > 0);
      x[c] = rounded_if(lies(NormLie::inner_through_bf16) || here, DType::bf16, x[c]);
      x[c] = rounded_if(lies(NormLie::inner_through_f16), DType::f16, x[c]);
    }
    const double sum = lying_sum(storage, lying_sum_format(), x.size(), [&](std::size_t c) { return x[c]; });
    for (double& e : x) {
      if (lies(NormLie::skips_nan) && std::isnan(e)) e = 0;
      e = storage.last(lies(NormLie::by_reciprocal) ? e * storage.step(1 / sum) : e / sum);
    }
    ref::store_row(args.y, r, x);
  }
}

}  // namespace candor::test
