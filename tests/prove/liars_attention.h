// attention as plain loops that do one thing otherwise than their row says: the prover must name it.
#pragma once

#include <algorithm>
#include <cmath>
#include <utility>

#include "backend/ref/elements.h"
#include "kernels/kernel_row.h"
#include "prove/rounding.h"

namespace candor::test {

/// How lying_attention computes. As it stands: what the rows of class f32-fma-ftz say.
struct AttentionLie {
  DType query = DType::any, keys = DType::any, values = DType::any;  // roundings on the way in
  DType score_products = DType::any, score_sums = DType::f32, scores = DType::any;
  DType weights = DType::any;         // P for its products with v
  DType weights_to_sum = DType::any;  // P for its own sum
  DType weight_sums = DType::f32;
  DType products = DType::any, sums = DType::f32;  // of P and v
  DType way_out = DType::any;
  prove::Rounding rounding = prove::Rounding::nearest_even;
  bool keeps_subnormals = false, drops_nan_values = false, rising_keys = false, rising_columns = false;
  double exp_error = 0;                 // relative
  DType rescales = DType::any;          // what brings P down when a later key has the larger score
  std::int64_t span = kAttentionBlock;  // of keys with one maximum
  bool scale_in_bf16 = false;
  bool heads_by_remainder = false, swaps_columns = false, first_batch_only = false;  // wrong addresses
  // Where `weights` are rounded at all.
  bool only_prefill = false, only_groups = false, only_wide_heads = false, only_later_chunks = false;
};
inline AttentionLie attention_lie;  // of the kernel below; launches are plain functions

inline double rounded(DType dtype, double value) {
  value = prove::round_to(dtype, value);
  return !attention_lie.keeps_subnormals && std::fabs(value) < 0x1p-126 ? std::copysign(0.0, value) : value;
}

/// i-th of `count` in the order of the sums: pairs, the odd one first.
inline std::int64_t summed(bool rising, std::int64_t i, std::int64_t count) {
  if (rising) return i;
  return i % 2 == 1 ? i - 1 : i + 1 < count ? i + 1 : i;
}

/// What one query of one head sees: key s is at k + s * stride.
struct SeenKeys {
  const double *k, *v;
  std::int64_t count, stride, dim;
};

inline ref::Doubles lying_scores(const ref::Doubles& q, const SeenKeys& seen, double scale) {
  const AttentionLie& lie = attention_lie;
  ref::Doubles scores;
  for (std::int64_t s = 0; s < seen.count; ++s) {
    double sum = 0;
    for (std::int64_t i = 0; i < seen.dim; ++i) {
      const std::int64_t d = summed(lie.rising_columns, i, seen.dim);
      const double x = q[static_cast<std::size_t>(d)], key = seen.k[s * seen.stride + d];
      if (x == 0 && std::isfinite(key)) continue;
      const double product = prove::round_to(lie.score_products, rounded(lie.query, x) * rounded(lie.keys, key));
      sum = rounded(lie.score_sums, sum + product);
    }
    const double scaled = rounded(lie.score_sums == DType::f64 ? DType::f64 : DType::f32, sum * scale);
    scores.push_back(rounded(lie.scores, scaled));
  }
  return scores;
}

inline bool rounds_weights(const Attention& args, std::int64_t key) {
  const AttentionLie& lie = attention_lie;
  return (!lie.only_prefill || args.q.shape[1] > 1) && (!lie.only_groups || args.q.shape[2] > args.k.shape[2]) &&
         (!lie.only_wide_heads || args.q.shape[3] > 64) && (!lie.only_later_chunks || key >= kAttentionChunk);
}

inline ref::Doubles lying_sums(const Attention& args, const ref::Doubles& scores, const SeenKeys& seen) {
  const AttentionLie& lie = attention_lie;
  const auto largest = std::max_element(scores.begin(), scores.end());
  const DType wide = lie.sums == DType::f64 ? DType::f64 : DType::f32;
  ref::Doubles y(static_cast<std::size_t>(seen.dim), 0.0);
  double weights = 0;
  for (std::int64_t i = 0; i < seen.count; ++i) {
    const std::int64_t s = summed(lie.rising_keys, i, seen.count);
    const double lower = scores[static_cast<std::size_t>(s)] - *largest;
    double weight = rounded(wide, std::exp(lower) * (lower == 0 ? 1 : 1 - lie.exp_error));
    if (s / lie.span < (largest - scores.begin()) / lie.span) weight = rounded(lie.rescales, weight);
    const double used = rounds_weights(args, s) ? rounded(lie.weights, weight) : weight;
    weights = rounded(lie.weight_sums, weights + rounded(lie.weights_to_sum, weight));
    for (std::int64_t d = 0; d < seen.dim; ++d) {
      if (used == 0 && seen.v[s * seen.stride + d] == 0) continue;
      double value = rounded(lie.values, seen.v[s * seen.stride + d]);
      if (lie.drops_nan_values && std::isnan(value)) value = 0;
      double& sum = y[static_cast<std::size_t>(d)];
      sum = rounded(lie.sums, sum + prove::round_to(lie.products, used * value));
    }
  }
  for (double& sum : y) sum = rounded(wide, sum / weights);
  return y;
}

inline void lying_attention(const Attention& args, Stream&) {
  const std::int64_t tokens = args.q.shape[1], heads = args.q.shape[2], dim = args.q.shape[3];
  const std::int64_t keys = args.k.shape[1], kv_heads = args.k.shape[2];
  const ref::Doubles k = ref::load_all(args.k), v = ref::load_all(args.v);  // [B, S, Hkv, D]
  for (std::int64_t r = 0; r < ref::row_count(args.q); ++r) {
    const AttentionLie& lie = attention_lie;
    const std::int64_t b = r / heads / tokens, t = r / heads % tokens, h = r % heads;
    const std::int64_t head = lie.heads_by_remainder ? h % kv_heads : h / (heads / kv_heads);
    const std::int64_t first = ((lie.first_batch_only ? 0 : b) * keys * kv_heads + head) * dim;
    const SeenKeys seen{k.data() + first, v.data() + first, args.causal ? keys - tokens + t + 1 : keys, kv_heads * dim,
                        dim};
    const double scale = prove::round_to(lie.scale_in_bf16 ? DType::bf16 : DType::any, args.scale);
    ref::Doubles y = lying_sums(args, lying_scores(ref::load_row(args.q, r), seen, scale), seen);
    if (lie.swaps_columns) std::swap(y[0], y[1]);
    for (double& value : y)
      value = prove::round_to(args.y.dtype, prove::round_to(attention_lie.way_out, value), attention_lie.rounding);
    ref::store_row(args.y, r, y);
  }
}

}  // namespace candor::test
