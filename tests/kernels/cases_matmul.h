// matmul: y [M, N] = x [M, K] · weight [N, K]ᵀ + bias.
#pragma once

#include "kernels/cases_dot.h"
#include "kernels/claims_dot.h"

namespace candor::test {

template <>
struct Cases<Matmul> {
  using Config = DotConfig;
  static constexpr int kStoredOutputs = 0;

  static std::vector<Config> configs(const Precision& precision, Level level) { return dot_configs(precision, level); }
  static std::string text(const Config& config) { return config.text(); }

  static Matmul make(Maker& maker, const Precision& precision, const Config& c) {
    return {.x = dot_x(maker, precision, c),
            .weight = dot_weight(maker, precision, c, c.n),
            .bias = dot_bias(maker, c, c.n),
            .y = maker.output(precision.out, {c.m, c.n}, gap_placement(c.gaps))};
  }

  static std::vector<Doubles> bounds(const Matmul& args, const KernelRow& row, const std::vector<Doubles>& expected) {
    return {rounded_errors(args.y.dtype, expected[0], dot_errors(row, args.x, args.weight, args.bias))};
  }

  static void plain(const Matmul& args) { plain::store(args.y, plain::linear(args.x, args.weight, args.bias)); }

  /// The op whose every result is x · wᵀ, for the witnesses of claims_dot.h.
  static constexpr int kDotPlaces = 1;
  static Matmul of_dot(Maker& maker, const Precision& precision, ConstView x, ConstView weight, int) {
    return {.x = x, .weight = weight, .bias = {}, .y = maker.output(precision.out, {x.shape[0], weight.shape[0]})};
  }
  static constexpr bool kInfiniteX = true;
  static View result(const Matmul& args, int) { return args.y; }

  static void claims(Runner<Matmul>& runner) { dot_claims(runner); }
};

}  // namespace candor::test
