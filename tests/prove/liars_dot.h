// matmul, qkv_projection and gated_linear as plain loops that do one thing otherwise than their row says: the prover
// must name it.
#pragma once

#include <cmath>
#include <utility>

#include "backend/ref/elements.h"
#include "backend/ref/functions.h"
#include "kernels/kernel_row.h"
#include "prove/rounding.h"

namespace candor::test {

enum class DotOrder { odd_first, rising, halves_apart, sixteen_lanes };

/// Where the lie is told. Everything else is summed as the rows of class f32-fma-ftz say.
enum class DotPlace {
  everywhere,
  tail_columns,  // what sixteen does not divide
  packed_weights,
  later_rows,      // M > 1
  last_operand,    // v of q, k, v; up of gate and up
  beyond_canaries  // results of more columns than canaries have that tell one sum from another
};

/// What gated_linear does with its gate.
enum class ActivationLie { none, never_applied, one_gelu, silu_too_large };

/// How the lying kernels compute. As it stands: honestly.
struct DotLie {
  DType x = DType::any, weight = DType::any;  // roundings on the way in
  DType products = DType::any, sums = DType::f32, way_out = DType::any;
  prove::Rounding rounding = prove::Rounding::nearest_even;
  bool keeps_subnormals = false, loses_nan = false;
  DotOrder order = DotOrder::odd_first;
  DotPlace place = DotPlace::everywhere;
  DType bias = DType::any;
  DType gate = DType::any, up = DType::any, activated = DType::any;  // roundings between the steps of gated_linear
  bool ignores_bias = false, stores_before_bias = false, skips_zeros = false, saturates = false;
  bool swaps_columns = false, takes_k_for_v = false;  // n and n ^ 1; the weights of k for v
  ActivationLie activation = ActivationLie::none;
};
inline DotLie dot_lie;  // of the kernels below; launches are plain functions

inline constexpr std::int64_t kColumnsBeyondCanaries = 32;

inline bool lies_in_column(const ConstView& x, const ConstView& weight, std::int64_t n, bool last_operand) {
  const std::int64_t columns = weight.shape[0];
  switch (dot_lie.place) {
    case DotPlace::everywhere:
      return true;
    case DotPlace::tail_columns:
      return n >= columns / 16 * 16;
    case DotPlace::packed_weights:
      return weight.layout == Layout::packed_tiles;
    case DotPlace::later_rows:
      return x.shape[0] > 1;
    case DotPlace::last_operand:
      return last_operand;
    case DotPlace::beyond_canaries:
      return columns >= kColumnsBeyondCanaries;
  }
  return true;
}

inline double flushed(const DotLie& lie, double value) {
  return !lie.keeps_subnormals && std::fabs(value) < 0x1p-126 ? std::copysign(0.0, value) : value;
}

/// The partial sum of k, and the k that is added in the i-th step.
inline std::pair<std::size_t, std::size_t> summed(DotOrder order, std::size_t i, std::size_t count) {
  if (order == DotOrder::halves_apart) return {i < count / 2 ? 0 : 1, i};
  if (order == DotOrder::sixteen_lanes) return {i % 16, i};
  if (order == DotOrder::rising) return {0, i};
  return {0, i % 2 == 1 ? i - 1 : i + 1 < count ? i + 1 : i};
}

inline double with_bias(const DotLie& lie, DType out, double sum, double bias) {
  if (bias == 0 || lie.ignores_bias) return sum;
  const double before = lie.stores_before_bias ? prove::round_to(out, sum) : sum;
  return flushed(lie, prove::round_to(lie.sums, before + prove::round_to(lie.bias, bias)));
}

/// Σ x w, not yet rounded to storage.
inline double lying_dot(const DotLie& lie, const double* x, const ref::Doubles& weight) {
  double sums[16] = {};
  for (std::size_t i = 0; i < weight.size(); ++i) {
    const auto [lane, k] = summed(lie.order, i, weight.size());
    if (lie.skips_zeros && x[k] == 0) continue;
    const double a = prove::round_to(lie.x, flushed(lie, x[k]));
    const double b = prove::round_to(lie.weight, flushed(lie, weight[k]));
    sums[lane] = flushed(lie, prove::round_to(lie.sums, sums[lane] + prove::round_to(lie.products, a * b)));
  }
  for (std::size_t width = 8; width >= 1; width /= 2)
    for (std::size_t i = 0; i < width; ++i)
      sums[i] = flushed(lie, prove::round_to(lie.sums, sums[i] + sums[i + width]));
  return sums[0];
}

inline double lying_result(const DotLie& lie, DType out, double value) {
  if (lie.loses_nan && std::isnan(value)) return 0;
  const double result = prove::round_to(out, prove::round_to(lie.way_out, value), lie.rounding);
  return lie.saturates && std::isinf(result) ? std::copysign(prove::format_of(out).largest, result) : result;
}

inline const DotLie& lie_of_column(const ConstView& x, const ConstView& weight, std::int64_t n, bool last_operand) {
  static const DotLie honest;
  return lies_in_column(x, weight, n, last_operand) ? dot_lie : honest;
}

inline std::int64_t column_taken(const DotLie& lie, std::int64_t n, std::int64_t columns) {
  return lie.swaps_columns && (n ^ 1) < columns ? n ^ 1 : n;
}

/// x [M, K] · weight [N, K]ᵀ (+ bias [N]) -> [M, N], each through `finish(lie, sum)`; `out` is what y is stored in.
template <class Finish>
ref::Doubles lying_linear(const ConstView& x, const ConstView& weight, const ConstView& bias, DType out,
                          bool last_operand, const Finish& finish) {
  const std::int64_t rows = x.shape[0], terms = x.shape[1], columns = weight.shape[0];
  const ref::Doubles values = ref::load_all(x);                                        // [M, K]
  const ref::Doubles offsets = bias.present() ? ref::load_all(bias) : ref::Doubles();  // [N] or none
  ref::Doubles y(static_cast<std::size_t>(rows * columns));                            // [M, N]
  for (std::int64_t n = 0; n < columns; ++n) {
    const DotLie& lie = lie_of_column(x, weight, n, last_operand);
    const ref::Doubles column = ref::load_row(weight, column_taken(lie, n, columns));  // [K]
    const double offset = offsets.empty() ? 0 : offsets[static_cast<std::size_t>(n)];
    for (std::int64_t m = 0; m < rows; ++m)
      y[static_cast<std::size_t>(m * columns + n)] =
          finish(lie, with_bias(lie, out, lying_dot(lie, values.data() + m * terms, column), offset));
  }
  return y;
}

inline void lying_product(const ConstView& x, const ConstView& weight, const ConstView& bias, const View& y,
                          bool last_operand) {
  ref::store_all(y, lying_linear(x, weight, bias, y.dtype, last_operand,
                                 [&](const DotLie& lie, double sum) { return lying_result(lie, y.dtype, sum); }));
}

inline void lying_matmul(const Matmul& args, Stream&) { lying_product(args.x, args.weight, args.bias, args.y, true); }

inline void lying_qkv_projection(const QkvProjection& args, Stream&) {
  lying_product(args.x, args.q_weight, args.q_bias, args.q, false);
  lying_product(args.x, args.k_weight, args.k_bias, args.k, false);
  lying_product(args.x, dot_lie.takes_k_for_v ? args.k_weight : args.v_weight, args.v_bias, args.v, true);
}

inline double lying_activation(const DotLie& lie, Activation activation, double x) {
  switch (lie.activation) {
    case ActivationLie::never_applied:
      return x;
    case ActivationLie::one_gelu:
      return ref::activate(activation == Activation::gelu_erf ? Activation::gelu_tanh : activation, x);
    case ActivationLie::silu_too_large:
      return ref::activate(activation, x) * (activation == Activation::silu ? 1.001 : 1);
    default:
      return ref::activate(activation, x);
  }
}

/// The way out lies as it does for gates, where the lie is not one of `up` alone.
inline void lying_gated_linear(const GatedLinear& args, Stream&) {
  const auto gates = [](const DotLie& lie, double sum) { return prove::round_to(lie.gate, sum); };
  const auto ups = [](const DotLie& lie, double sum) { return prove::round_to(lie.up, sum); };
  const DType out = args.y.dtype;
  ref::Doubles y = lying_linear(args.x, args.gate_weight, args.gate_bias, out, false, gates);  // [M, N]
  const ref::Doubles up = lying_linear(args.x, args.up_weight, args.up_bias, out, true, ups);
  const std::int64_t columns = args.y.shape[1];
  for (std::size_t i = 0; i < y.size(); ++i) {
    const DotLie& lie = lie_of_column(args.x, args.gate_weight, static_cast<std::int64_t>(i) % columns, false);
    const double activated = prove::round_to(lie.activated, lying_activation(lie, args.activation, y[i]));
    y[i] = lying_result(lie, out, flushed(lie, prove::round_to(lie.sums, activated * up[i])));
  }
  ref::store_all(args.y, y);
}

}  // namespace candor::test
