// attention: q [B, T, H, D] against k and v [B, S, Hkv, D].
#pragma once

#include <numeric>

#include "kernels/case.h"
#include "kernels/plain.h"

namespace candor::test {

struct AttentionConfig {
  std::int64_t b, t, s, h, hkv, d;
  bool causal, gaps;
  std::string text() const {
    return "B=" + std::to_string(b) + " T=" + std::to_string(t) + " S=" + std::to_string(s) +
           " H=" + std::to_string(h) + " Hkv=" + std::to_string(hkv) + " D=" + std::to_string(d) +
           (causal ? " causal" : "") + (gaps ? " gaps" : "");
  }
};

/// q · k over one head, as rows of D; positions of k are `stride` apart.
inline double score_size(const double* q, const double* k, std::int64_t dim) {
  double sum = 0;
  for (std::int64_t d = 0; d < dim; ++d) sum += std::fabs(q[d] * k[d]);
  return sum;
}

template <>
struct Cases<Attention> {
  using Config = AttentionConfig;
  static constexpr int kStoredOutputs = 0;

  static std::vector<Config> configs(const Precision&, Level level) {
    struct Size {
      std::int64_t b, t, s, h, hkv, d;
    };
    std::vector<Size> sizes = {{0, 1, 4, 2, 1, 4},    {1, 1, 1, 1, 1, 2},    {1, 1, 2, 2, 1, 4},
                               {2, 1, 15, 2, 2, 16},  {1, 1, 63, 4, 2, 18},  {1, 1, 64, 3, 1, 64},
                               {1, 1, 65, 9, 3, 64},  {1, 2, 33, 2, 1, 30},  {1, 3, 16, 2, 2, 8},
                               {1, 4, 129, 4, 2, 32}, {1, 5, 5, 2, 1, 34},   {1, 15, 17, 1, 1, 16},
                               {1, 17, 17, 2, 1, 80}, {2, 16, 80, 2, 2, 16}, {1, 33, 70, 3, 3, 6},
                               {1, 1, 513, 2, 1, 16}, {1, 7, 600, 2, 1, 10}, {1, 2, 512, 1, 1, 128},
                               {1, 1, 9, 2, 1, 514},  {1, 6, 9, 2, 1, 514},  {1, 1, 1025, 9, 3, 64}};
    if (level == Level::slow)
      sizes.insert(sizes.end(),
                   {{1, 65, 65, 9, 3, 64}, {1, 40, 1100, 4, 2, 32}, {3, 9, 257, 4, 4, 48}, {1, 129, 129, 2, 1, 256}});
    std::vector<Config> configs;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      const Size& s = sizes[i];
      configs.push_back({s.b, s.t, s.s, s.h, s.hkv, s.d, i % 4 != 3, i % 2 == 1});
    }
    return configs;
  }
  static std::string text(const Config& config) { return config.text(); }

  static Attention make(Maker& maker, const Precision& p, const Config& c) {
    const Placement placement = c.gaps ? Placement{.row_gap = 8, .misaligned = 1} : Placement{};
    const std::vector<std::int64_t> q_shape{c.b, c.t, c.h, c.d}, kv_shape{c.b, c.s, c.hkv, c.d};
    Doubles q = maker.values(count_of(q_shape), 1), k = maker.values(count_of(kv_shape), 1);
    Doubles v = maker.values(count_of(kv_shape), 100);
    float scale = 1.0f / std::sqrt(static_cast<float>(c.d));
    if (maker.inputs() == Inputs::wide)  // wide values, but scores within ±20: the bound grows with their size
      for (Doubles* part : {&q, &k})
        for (double& x : *part) x = std::copysign(std::pow(std::fabs(x), 0.25), x);
    if (maker.exact()) {
      one_hot(maker, c, q, k);
      for (double& x : v) x = x == 0 ? 1 : x;  // of a zero only the sign would depend on the keys that do not count
      scale = 1.0f;
    }
    return {.q = maker.given(p.a, q_shape, q, placement),
            .k = maker.given(p.b, kv_shape, k, placement),
            .v = maker.given(p.b, kv_shape, v, placement),
            .y = maker.output(p.out, q_shape, placement),
            .scale = scale,
            .causal = c.causal};
  }

  // Exact: key s scores 128 · rank(s), so each query copies the value of its highest visible key; exp of the other
  // differences is zero in f32 (and below half an ulp in f64). rank = 64 high + low in two elements, both small.
  static void one_hot(Maker& maker, const Config& c, Doubles& q, Doubles& k) {
    Random random(maker.next_seed());
    std::vector<std::int64_t> rank(static_cast<std::size_t>(c.s));
    std::iota(rank.begin(), rank.end(), 0);
    for (std::size_t i = rank.size(); i > 1 && c.s % 2 == 0; --i)  // odd S: the last visible key wins, always
      std::swap(rank[i - 1], rank[static_cast<std::size_t>(random.integer(0, static_cast<std::int64_t>(i) - 1))]);
    std::fill(q.begin(), q.end(), 0.0);
    std::fill(k.begin(), k.end(), 0.0);
    for (std::int64_t row = 0; row < c.b * c.t * c.h; ++row) {
      q[row * c.d] = 128.0 * 64.0;
      q[row * c.d + 1] = 128.0;
    }
    for (std::int64_t row = 0; row < c.b * c.s * c.hkv; ++row) {
      const std::int64_t r = rank[static_cast<std::size_t>(row / c.hkv % c.s)];
      k[row * c.d] = static_cast<double>(r / 64);
      k[row * c.d + 1] = static_cast<double>(r % 64);
    }
  }

  // Scores carry gamma(D + 2) Σ|q k| scale; the argument s - m one rounding more; each of the running maximum's
  // updates (blocks of 64, chunks of 512) multiplies by exp of a difference. Weights are relative to their own sum, so
  // every relative error of a weight counts twice; then gamma of the two sums on attention with |v|.
  static std::vector<Doubles> bounds(const Attention& args, const KernelRow& row,
                                     const std::vector<Doubles>& expected) {
    const double u = unit_roundoff(row.precision.accumulate);
    const std::int64_t tokens = args.q.shape[1], heads = args.q.shape[2], dim = args.q.shape[3];
    const std::int64_t keys = args.k.shape[1], kv_heads = args.k.shape[2];
    const Doubles q = ref::load_all(args.q), k = ref::load_all(args.k), v = ref::load_all(args.v);
    Doubles bounds(expected[0].size());
    for (std::int64_t r = 0; r < args.q.shape[0] * tokens * heads; ++r) {
      const std::int64_t b = r / heads / tokens, t = r / heads % tokens, kv = r % heads / (heads / kv_heads);
      const std::int64_t seen = args.causal ? keys - tokens + t + 1 : keys;
      Doubles scores(static_cast<std::size_t>(seen)), sizes(dim, 0.0);
      double score_error = 0, weight_sum = 0;
      for (std::int64_t s = 0; s < seen; ++s) {
        const double* key = k.data() + ((b * keys + s) * kv_heads + kv) * dim;
        for (std::int64_t d = 0; d < dim; ++d) scores[s] += q[r * dim + d] * key[d] * args.scale;
        score_error = std::max(score_error,
                               gamma(static_cast<double>(dim) + 2, u) * args.scale * score_size(&q[r * dim], key, dim));
      }
      const auto [lowest, highest] = std::minmax_element(scores.begin(), scores.end());
      const double updates =
          static_cast<double>((seen + kAttentionBlock - 1) / kAttentionBlock + seen / kAttentionChunk + 1);
      const double spread = *highest - *lowest;
      const double weight_error =
          std::expm1(score_error + 2 * u * (spread + score_error)) + (updates + 1) * (2 * kExpUlps + 2) * u;
      for (std::int64_t s = 0; s < seen; ++s) {
        const double weight = std::exp(scores[s] - *highest);
        weight_sum += weight;
        for (std::int64_t d = 0; d < dim; ++d)
          sizes[d] += weight * std::fabs(v[((b * keys + s) * kv_heads + kv) * dim + d]);
      }
      const double relative =
          2 * weight_error * (1 + weight_error) + 2 * gamma(static_cast<double>(seen) + updates + 2, u);
      for (std::int64_t d = 0; d < dim; ++d)
        bounds[r * dim + d] = rounded_to(args.y.dtype, expected[0][r * dim + d],
                                         relative * sizes[d] / weight_sum + static_cast<double>(seen + 2) * kTinyF32);
    }
    return {bounds};
  }

  static void plain(const Attention& args) {
    const std::int64_t tokens = args.q.shape[1], heads = args.q.shape[2], dim = args.q.shape[3];
    const std::int64_t keys = args.k.shape[1], kv_heads = args.k.shape[2];
    const plain::Floats q = plain::load(args.q), k = plain::load(args.k), v = plain::load(args.v);
    plain::Floats y(q.size(), 0.0f);
    for (std::int64_t r = 0; r < args.q.shape[0] * tokens * heads; ++r) {
      const std::int64_t b = r / heads / tokens, t = r / heads % tokens, kv = r % heads / (heads / kv_heads);
      const std::int64_t seen = args.causal ? keys - tokens + t + 1 : keys;
      plain::Floats weights(static_cast<std::size_t>(seen), 0.0f);
      for (std::int64_t s = 0; s < seen; ++s) {
        for (std::int64_t d = 0; d < dim; ++d)
          weights[s] += q[r * dim + d] * k[((b * keys + s) * kv_heads + kv) * dim + d];
        weights[s] *= args.scale;
      }
      const float largest = *std::max_element(weights.begin(), weights.end());
      float sum = 0;
      for (float& weight : weights) sum += weight = std::exp(weight - largest);
      for (std::int64_t s = 0; s < seen; ++s)
        for (std::int64_t d = 0; d < dim; ++d)
          y[r * dim + d] += weights[s] * v[((b * keys + s) * kv_heads + kv) * dim + d];
      for (std::int64_t d = 0; d < dim; ++d) y[r * dim + d] /= sum;
    }
    plain::store(args.y, y);
  }

  static void claims(Runner<Attention>& runner);
};

}  // namespace candor::test
