// qkv_projection: three matmuls that share x.
#pragma once

#include "kernels/cases_dot.h"
#include "kernels/claims_dot.h"

namespace candor::test {

template <>
struct Cases<QkvProjection> {
  using Config = DotConfig;  // n: of the queries; keys and values have about half
  static constexpr int kStoredOutputs = 0;

  static std::vector<Config> configs(const Precision& precision, Level level) { return dot_configs(precision, level); }
  static std::string text(const Config& config) { return config.text(); }

  static QkvProjection make(Maker& maker, const Precision& precision, const Config& c) {
    const std::int64_t nkv = (c.n + 1) / 2;
    const Placement out = gap_placement(c.gaps);
    return {.x = dot_x(maker, precision, c),
            .q_weight = dot_weight(maker, precision, c, c.n),
            .k_weight = dot_weight(maker, precision, c, nkv),
            .v_weight = dot_weight(maker, precision, c, nkv),
            .q_bias = dot_bias(maker, c, c.n),
            .k_bias = dot_bias(maker, c, nkv),
            .v_bias = dot_bias(maker, c, nkv),
            .q = maker.output(precision.out, {c.m, c.n}, out),
            .k = maker.output(precision.out, {c.m, nkv}, out),
            .v = maker.output(precision.out, {c.m, nkv}, out)};
  }

  static std::vector<Doubles> bounds(const QkvProjection& args, const KernelRow& row,
                                     const std::vector<Doubles>& expected) {
    const DType out = args.q.dtype;
    return {rounded_errors(out, expected[0], dot_errors(row, args.x, args.q_weight, args.q_bias)),
            rounded_errors(out, expected[1], dot_errors(row, args.x, args.k_weight, args.k_bias)),
            rounded_errors(out, expected[2], dot_errors(row, args.x, args.v_weight, args.v_bias))};
  }

  static void plain(const QkvProjection& args) {
    plain::store(args.q, plain::linear(args.x, args.q_weight, args.q_bias));
    plain::store(args.k, plain::linear(args.x, args.k_weight, args.k_bias));
    plain::store(args.v, plain::linear(args.x, args.v_weight, args.v_bias));
  }

  /// The queries, keys or values (place 0, 1, 2) are x · wᵀ; the other two weights hold zeros, so that a mix-up shows.
  static constexpr int kDotPlaces = 3;
  static QkvProjection of_dot(Maker& maker, const Precision& precision, ConstView x, ConstView weight, int place) {
    const std::vector<std::int64_t> shape{x.shape[0], weight.shape[0]};
    const ConstView zeros = zero_weight(maker, precision.b, weight);
    return {.x = x,
            .q_weight = place == 0 ? weight : zeros,
            .k_weight = place == 1 ? weight : zeros,
            .v_weight = place == 2 ? weight : zeros,
            .q_bias = {},
            .k_bias = {},
            .v_bias = {},
            .q = maker.output(precision.out, shape),
            .k = maker.output(precision.out, shape),
            .v = maker.output(precision.out, shape)};
  }
  static constexpr bool kInfiniteX = true;
  static View result(const QkvProjection& args, int place) {
    return place == 0 ? args.q : place == 1 ? args.k : args.v;
  }

  static void claims(Runner<QkvProjection>& runner) { dot_claims(runner); }
};

}  // namespace candor::test
