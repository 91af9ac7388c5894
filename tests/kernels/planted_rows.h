// Kernels of the ops besides matmul, rms_norm, attention and cast, with planted faults.
#pragma once

#include "backend/ref/functions.h"
#include "kernels/plain.h"
#include "kernels/suite.h"
#include "kernels/witness.h"

namespace candor::test {

/// What the kernels below do wrong: each looks at the faults that its op can have.
enum class Fault {
  none,
  flushes,       // subnormals are zero
  drops_nan,     // a NaN is treated as a small number
  quiets_nan,    // where bits should move
  other_row,     // of a table: the one before
  through_bf16,  // operands, exponentials or tables in bf16
  sums_in_bf16,
  other_function,  // the neighbouring kind, activation or style
  swaps_operands,  // gate and up, k and v, x and z
  one_pass,        // variance as E[x²] - E[x]², in f32
  no_maximum,      // exponentials of the scores themselves
  rounds_between,  // an intermediate result is rounded to storage
  ignores_bias,
  last_among_equals,
  other_order,  // sums over k in rising order
};
inline Fault planted_fault = Fault::none;

inline bool planted(Fault fault) { return planted_fault == fault; }
inline double through_bf16(double value) {
  return planted(Fault::through_bf16) ? ref::round_to(DType::bf16, value) : value;
}
inline double kept(double value) {
  return planted(Fault::flushes) && std::fabs(value) < kTinyF32 ? std::copysign(0.0, value) : value;
}
inline double added(double sum, double value) {
  return planted(Fault::sums_in_bf16) ? ref::round_to(DType::bf16, sum + value) : sum + value;
}

inline void planted_unary(const Unary& args, Stream&) {
  UnaryKind kind = args.kind;
  if (planted(Fault::other_function) && kind == UnaryKind::gelu_erf) kind = UnaryKind::gelu_tanh;
  for (std::int64_t r = 0; r < ref::row_count(args.x); ++r) {
    Doubles values = ref::load_row(args.x, r);
    for (double& value : values) {
      const bool lost = planted(Fault::drops_nan) && kind == UnaryKind::relu && std::isnan(value);
      value = lost ? 0.0 : kept(ref::apply(kind, through_bf16(value)));
    }
    ref::store_row(args.y, r, values);
  }
}

inline void planted_binary(const Binary& args, Stream&) {
  for (std::int64_t r = 0; r < ref::row_count(args.y); ++r) {
    Doubles x = ref::load_row(args.x, r);
    const Doubles z = ref::load_row(args.z, r);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double first = through_bf16(planted(Fault::swaps_operands) ? z[i] : x[i]);
      const double second = through_bf16(planted(Fault::swaps_operands) ? x[i] : z[i]);
      const bool lost = planted(Fault::drops_nan) && args.kind == BinaryKind::max && std::isnan(first);
      x[i] = lost ? second : kept(ref::apply(args.kind, first, second));
    }
    ref::store_row(args.y, r, x);
  }
}

inline void planted_rope(const Rope& args, Stream&) {
  const std::int64_t heads = args.x.shape[1], pairs = args.cos.shape[1];
  const bool half_split = (args.style == RopeStyle::half_split) != planted(Fault::other_function);
  for (std::int64_t row = 0; row < args.x.shape[0] * heads; ++row) {
    const Doubles cos = ref::load_row(args.cos, row / heads), sin = ref::load_row(args.sin, row / heads);
    Doubles values = ref::load_row(args.x, row);
    for (std::int64_t i = 0; i < pairs; ++i) {
      const auto at = static_cast<std::size_t>(i);
      double& first = values[half_split ? at : 2 * at];
      double& second = values[half_split ? at + static_cast<std::size_t>(pairs) : 2 * at + 1];
      const double x = first, z = second, c = through_bf16(cos[at]), s = through_bf16(sin[at]);
      first = planted(Fault::swaps_operands) ? x * c + z * s : x * c - z * s;
      second = planted(Fault::swaps_operands) ? z * c - x * s : z * c + x * s;
    }
    ref::store_row(args.y, row, values);
  }
}

inline void planted_softmax(const Softmax& args, Stream&) {
  for (std::int64_t r = 0; r < ref::row_count(args.x); ++r) {
    Doubles values = ref::load_row(args.x, r);
    if (values.empty()) continue;
    const double largest = planted(Fault::no_maximum) ? 0.0 : *std::max_element(values.begin(), values.end());
    double sum = 0;
    for (double& value : values) {
      value = through_bf16(static_cast<float>(std::exp(value - largest)));
      if (planted(Fault::drops_nan) && std::isnan(value)) value = 0;
      sum = added(sum, value);
    }
    for (double& value : values) value /= sum;
    ref::store_row(args.y, r, values);
  }
}

// Σ (x - mean)² / n, or the same from one pass in f32.
inline double planted_variance(const Doubles& x, double mean) {
  double sum = 0, squares = 0;
  for (const double value : x) {
    sum = added(sum, (value - mean) * (value - mean));
    squares = ref::round_to(DType::f32, squares + value * value);
  }
  const auto n = static_cast<double>(x.size());
  return planted(Fault::one_pass) ? ref::round_to(DType::f32, ref::round_to(DType::f32, squares / n) - mean * mean)
                                  : sum / n;
}

inline void planted_layer_norm(const LayerNorm& args, Stream&) {
  const Doubles weight = ref::load_all(args.weight);
  const Doubles bias = args.bias.present() && !planted(Fault::ignores_bias) ? ref::load_all(args.bias) : Doubles();
  for (std::int64_t r = 0; r < ref::row_count(args.x); ++r) {
    Doubles x = ref::load_row(args.x, r);
    if (args.residual.present()) {
      const Doubles residual = ref::load_row(args.residual, r);
      for (std::size_t c = 0; c < x.size(); ++c) x[c] += residual[c];
      ref::store_row(args.sum, r, x);
      x = ref::load_row(args.sum, r);
    }
    double mean = 0;
    for (const double value : x) mean = added(mean, value);
    mean /= static_cast<double>(x.size());
    const double scale = 1.0 / std::sqrt(planted_variance(x, mean) + args.eps);
    for (std::size_t c = 0; c < x.size(); ++c) {
      x[c] = (x[c] - mean) * scale * weight[c];
      if (!bias.empty()) x[c] += bias[c];
    }
    ref::store_row(args.y, r, x);
  }
}

// x · weightᵀ + bias in the arithmetic that rows claim.
inline Doubles planted_linear(const ConstView& x, const ConstView& weight, const ConstView& bias) {
  Arithmetic arithmetic{.operands = DType::f64, .products = DType::f64, .accumulate = DType::f32, .flushes = true};
  if (planted(Fault::other_order)) arithmetic.order = SumOrder::rising;
  const Doubles offsets = bias.present() && !planted(Fault::ignores_bias) ? ref::load_all(bias) : Doubles();
  Doubles y;
  for (std::int64_t m = 0; m < x.shape[0]; ++m)
    for (std::int64_t n = 0; n < weight.shape[0]; ++n) {
      const double dot = emulate_dot(arithmetic, ref::load_row(x, m), ref::load_row(weight, n), DType::f32);
      y.push_back(offsets.empty() ? dot : ref::round_to(DType::f32, dot + offsets[static_cast<std::size_t>(n)]));
    }
  return y;
}

inline void planted_qkv_projection(const QkvProjection& args, Stream&) {
  const bool swap = planted(Fault::swaps_operands);
  ref::store_all(args.q, planted_linear(args.x, args.q_weight, args.q_bias));
  ref::store_all(swap ? args.v : args.k, planted_linear(args.x, args.k_weight, args.k_bias));
  ref::store_all(swap ? args.k : args.v, planted_linear(args.x, args.v_weight, args.v_bias));
}

inline void planted_gated_linear(const GatedLinear& args, Stream&) {
  Doubles gate = planted_linear(args.x, args.gate_weight, args.gate_bias);
  Doubles up = planted_linear(args.x, args.up_weight, args.up_bias);
  if (planted(Fault::swaps_operands)) std::swap(gate, up);
  Activation activation = args.activation;
  if (planted(Fault::other_function) && activation == Activation::gelu_erf) activation = Activation::gelu_tanh;
  for (std::size_t i = 0; i < gate.size(); ++i) {
    double value = ref::activate(activation, gate[i]);
    if (planted(Fault::rounds_between)) value = ref::round_to(args.y.dtype, value);
    gate[i] = value * up[i];
  }
  ref::store_all(args.y, gate);
}

inline void planted_embedding(const Embedding& args, Stream&) {
  const Doubles ids = ref::load_all(args.ids);
  const auto unit = static_cast<std::size_t>(dtype_info(args.table.dtype).block_bytes);
  for (std::size_t t = 0; t < ids.size(); ++t) {
    auto id = static_cast<std::int64_t>(ids[t]);
    const auto token = static_cast<std::int64_t>(t);
    if (planted(Fault::other_row) && id > 0) --id;
    Doubles row = ref::load_row(args.table, id);
    for (double& value : row) value = kept(through_bf16(value));
    ref::store_row(args.y, token, row);
    if (args.table.dtype != args.y.dtype || planted(Fault::quiets_nan) || planted(Fault::flushes)) continue;
    for (std::int64_t c = 0; c < ref::row_length(args.y); ++c)  // within one format bits move
      std::memcpy(args.y.as<std::byte>() + static_cast<std::size_t>(ref::element_index(args.y, token, c)) * unit,
                  args.table.as<std::byte>() + static_cast<std::size_t>(ref::element_index(args.table, id, c)) * unit,
                  unit);
  }
}

// The order of a row's elements, best first.
inline std::vector<std::size_t> planted_order(const Doubles& row) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < row.size(); ++i) order.push_back(i);
  const auto value = [&](std::size_t i) {
    const double x = through_bf16(kept(row[i]));
    return planted(Fault::drops_nan) && std::isnan(x) ? -std::numeric_limits<double>::infinity() : x;
  };
  if (planted(Fault::last_among_equals)) std::reverse(order.begin(), order.end());
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t i, std::size_t j) { return ref::ranks_below(value(j), value(i)); });
  return order;
}

inline void planted_argmax(const Argmax& args, Stream&) {
  for (std::int64_t r = 0; r < ref::row_count(args.x); ++r)
    ref::store_element(DType::i32, args.indices.as<void>(), r * args.indices.stride[0],
                       static_cast<double>(planted_order(ref::load_row(args.x, r))[0]));
}

inline void planted_top_k(const TopK& args, Stream&) {
  for (std::int64_t r = 0; r < ref::row_count(args.x); ++r) {
    const Doubles row = ref::load_row(args.x, r);
    const std::vector<std::size_t> order = planted_order(row);
    Doubles values, indices;
    for (std::int64_t i = 0; i < ref::row_length(args.values); ++i) {
      indices.push_back(static_cast<double>(order[static_cast<std::size_t>(i)]));
      values.push_back(row[order[static_cast<std::size_t>(i)]]);
    }
    ref::store_row(args.values, r, values);
    ref::store_row(args.indices, r, indices);
  }
}

}  // namespace candor::test
