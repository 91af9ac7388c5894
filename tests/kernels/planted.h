// Kernels with planted faults, to test the tests: each must be caught by at least one check of its suite.
#pragma once

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include "kernels/plain.h"
#include "kernels/suite.h"
#include "kernels/witness.h"

namespace candor::test {

/// What planted_matmul does wrong; everything else is right.
struct MatmulFault {
  Arithmetic arithmetic{.operands = DType::f64, .products = DType::f64, .accumulate = DType::f32, .flushes = true};
  bool truncates = false;     // the result is cut off, not rounded
  bool rounds_twice = false;  // through f16 on the way out
  bool skips_last_k = false, skips_last_column = false, skips_last_row = false;
  bool writes_past_row = false, swaps_rows = false, ignores_bias = false;
  bool changes_input = false, leaves_mode = false;
};
inline MatmulFault matmul_fault;  // of the kernel below; launches are plain functions

inline double cut_off(DType dtype, double value) {
  const double rounded = ref::round_to(dtype, value);
  if (std::fabs(rounded) <= std::fabs(value)) return rounded;
  const double step = std::ldexp(1.0, std::ilogb(value) - format_of(dtype).precision + 1);
  return rounded - std::copysign(step, value);
}

inline void planted_matmul(const Matmul& args, Stream&) {
  const MatmulFault& fault = matmul_fault;
  const std::int64_t m_extent = args.y.shape[0], n_extent = args.y.shape[1];
  const Doubles bias = args.bias.present() ? ref::load_all(args.bias) : Doubles();
  const auto put = [&](std::int64_t m, std::int64_t n, double value) {
    ref::store_element(args.y.dtype, args.y.as<void>(), m * args.y.stride[0] + n, value);
  };
  for (std::int64_t m = 0; m < m_extent; ++m)
    for (std::int64_t n = 0; n < n_extent; ++n) {
      if ((fault.skips_last_column && n == n_extent - 1) || (fault.skips_last_row && m == m_extent - 1)) continue;
      Doubles x = ref::load_row(args.x, m), w = ref::load_row(args.weight, n);
      if (fault.skips_last_k && x.size() > 1) x.back() = 0;
      double value = emulate_dot(fault.arithmetic, x, w, DType::f64);
      if (!bias.empty() && !fault.ignores_bias)
        value = ref::round_to(DType::f32, value + bias[static_cast<std::size_t>(n)]);
      if (fault.rounds_twice) value = ref::round_to(DType::f16, value);
      const std::int64_t row = fault.swaps_rows && m_extent > 1 && m < 2 ? 1 - m : m;
      put(row, n, fault.truncates && std::isfinite(value) && value != 0 ? cut_off(args.y.dtype, value) : value);
    }
  if (fault.changes_input && args.x.elements() > 0)
    *static_cast<std::byte*>(const_cast<void*>(args.x.data)) ^= std::byte{1};
#if defined(__x86_64__)
  if (fault.leaves_mode) _mm_setcsr(_mm_getcsr() | 0x8040u);
#endif
  if (fault.writes_past_row && m_extent > 0) put(0, n_extent, 0);
}

/// rms_norm: sums in bf16; or a norm of the sum before it was rounded.
inline DType norm_accumulate = DType::f32;
inline bool norm_of_unrounded_sum = false;
inline void planted_rms_norm(const RmsNorm& args, Stream&) {
  const Doubles weight = ref::load_all(args.weight);
  for (std::int64_t r = 0; r < ref::row_count(args.x); ++r) {
    Doubles x = ref::load_row(args.x, r);
    if (args.residual.present()) {
      const Doubles residual = ref::load_row(args.residual, r);
      for (std::size_t c = 0; c < x.size(); ++c) x[c] += residual[c];
      ref::store_row(args.sum, r, x);
      if (!norm_of_unrounded_sum) x = ref::load_row(args.sum, r);
    }
    double squares = 0;
    for (const double value : x) squares = ref::round_to(norm_accumulate, squares + value * value);
    const double scale = 1.0 / std::sqrt(squares / static_cast<double>(x.size()) + args.eps);
    for (std::size_t c = 0; c < x.size(); ++c) x[c] *= scale * weight[c];
    ref::store_row(args.y, r, x);
  }
}

/// attention: what is rounded to 16 bits on the way or summed too well, subnormals that stay, one key too many.
struct AttentionFault {
  DType query = DType::f64, scores = DType::f64, weights = DType::f64, value = DType::f64;
  DType score_sums = DType::f32, sums = DType::f32;
  bool sees_one_more = false, keeps_denormals = false, masks_poison = false;
};
inline AttentionFault attention_fault;

/// i-th of `count` in the order of the sums: pairs, the odd element first.
inline std::int64_t odd_first(std::int64_t i, std::int64_t count) {
  return i % 2 == 1 ? i - 1 : i + 1 < count ? i + 1 : i;
}

/// One query against `seen` keys; at(s, d): where element d of key s lies in k and v.
template <class At>
Doubles planted_attend(const AttentionFault& f, const Doubles& q, const Doubles& k, const Doubles& v, std::int64_t seen,
                       double scale, const At& at) {
  const auto dim = static_cast<std::int64_t>(q.size());
  Doubles weights(static_cast<std::size_t>(seen), 0.0), y(q.size(), 0.0);
  for (std::int64_t s = 0; s < seen; ++s) {
    double& score = weights[static_cast<std::size_t>(s)];
    for (std::int64_t i = 0; i < dim; ++i) {
      const std::int64_t d = odd_first(i, dim);
      const double product = ref::round_to(f.query, q[static_cast<std::size_t>(d)]) * k[at(s, d)];
      score = ref::round_to(f.score_sums, score + product);
    }
    score = ref::round_to(f.scores, score * scale);
  }
  const double largest = *std::max_element(weights.begin(), weights.end());
  double sum = f.masks_poison && weights[0] == -std::numeric_limits<double>::infinity() ? std::nan("") : 0.0;
  for (std::int64_t i = 0; i < seen; ++i) {
    const std::int64_t s = odd_first(i, seen);
    const double weight = ref::round_to(f.weights, std::exp(weights[static_cast<std::size_t>(s)] - largest));
    sum = ref::round_to(f.sums, sum + weight);
    for (std::int64_t d = 0; d < dim; ++d) {
      const bool lost = !f.keeps_denormals && std::fabs(v[at(s, d)]) < kTinyF32;
      double& total = y[static_cast<std::size_t>(d)];
      total = ref::round_to(f.sums, total + weight * (lost ? 0.0 : ref::round_to(f.value, v[at(s, d)])));
    }
  }
  for (double& total : y) total /= sum;
  return y;
}

inline void planted_attention(const Attention& args, Stream&) {
  const AttentionFault& f = attention_fault;
  const std::int64_t tokens = args.q.shape[1], heads = args.q.shape[2], dim = args.q.shape[3];
  const std::int64_t keys = args.k.shape[1], kv_heads = args.k.shape[2];
  const Doubles k = ref::load_all(args.k), v = ref::load_all(args.v);
  for (std::int64_t r = 0; r < ref::row_count(args.q); ++r) {
    const std::int64_t b = r / heads / tokens, t = r / heads % tokens, kv = r % heads / (heads / kv_heads);
    const std::int64_t seen = std::min(keys, (args.causal ? keys - tokens + t + 1 : keys) + (f.sees_one_more ? 1 : 0));
    ref::store_row(
        args.y, r,
        planted_attend(f, ref::load_row(args.q, r), k, v, seen, args.scale, [&](std::int64_t s, std::int64_t d) {
          return static_cast<std::size_t>(((b * keys + s) * kv_heads + kv) * dim + d);
        }));
  }
}

/// cast: through f16, cut off, or with subnormals lost.
enum class CastFault { none, through_f16, truncates, flushes };
inline CastFault cast_fault = CastFault::none;
inline void planted_cast(const Cast& args, Stream&) {
  for (std::int64_t r = 0; r < ref::row_count(args.x); ++r) {
    Doubles values = ref::load_row(args.x, r);
    for (double& value : values) {
      if (cast_fault == CastFault::through_f16) value = ref::round_to(DType::f16, value);
      if (cast_fault == CastFault::truncates && std::isfinite(value) && std::fabs(value) > kTinyF32)
        value = cut_off(args.y.dtype, value);
      if (cast_fault == CastFault::flushes && std::fabs(value) < kTinyF32) value = std::copysign(0.0, value);
    }
    ref::store_row(args.y, r, values);
  }
}

}  // namespace candor::test
