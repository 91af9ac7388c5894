// gated_linear: y = activation(x · gateᵀ + gate_bias) ⊙ (x · upᵀ + up_bias).
#pragma once

#include "backend/ref/dot.h"
#include "backend/ref/functions.h"
#include "kernels/cases_dot.h"
#include "kernels/claims_dot.h"

namespace candor::test {

template <>
struct Cases<GatedLinear> {
  using Config = DotConfig;
  static constexpr int kStoredOutputs = 0;
  static constexpr Activation kActivations[] = {Activation::silu, Activation::gelu_tanh, Activation::relu,
                                                Activation::identity, Activation::gelu_erf};

  static std::vector<Config> configs(const Precision& precision, Level level) { return dot_configs(precision, level); }
  static std::string text(const Config& config) { return config.text(); }

  // Exact cases use the activations that are exact, and both factors' range together.
  static GatedLinear make(Maker& maker, const Precision& precision, const Config& c) {
    Activation activation = kActivations[c.variant % 5];
    if (maker.exact()) activation = c.variant % 2 ? Activation::relu : Activation::identity;
    View x = dot_x(maker, precision, c);
    ConstView gate_weight = dot_weight(maker, precision, c, c.n), up_weight = dot_weight(maker, precision, c, c.n);
    if (maker.exact()) {  // the product of both dots must be exact: one non-zero per row of x keeps them small
      Doubles values(static_cast<std::size_t>(c.m * c.k), 0.0);
      Random random(maker.next_seed());
      for (std::int64_t m = 0; m < c.m && c.k > 0; ++m)
        values[static_cast<std::size_t>(m * c.k + random.integer(0, c.k - 1))] =
            static_cast<double>(random.integer(-3, 3));
      x = maker.given(precision.a, {c.m, c.k}, values, gap_placement(c.gaps));
    }
    return {.x = x,
            .gate_weight = gate_weight,
            .up_weight = up_weight,
            .gate_bias = dot_bias(maker, c, c.n),
            .up_bias = dot_bias(maker, c, c.n),
            .y = maker.output(precision.out, {c.m, c.n}, gap_placement(c.gaps)),
            .activation = activation};
  }

  // |f(g') u' - f(g) u| <= (L eg + e |f(g)|)(|u| + eu) + |f(g)| eu, e the function's own error, one rounding of the
  // product, one to out.
  static std::vector<Doubles> bounds(const GatedLinear& args, const KernelRow& row,
                                     const std::vector<Doubles>& expected) {
    constexpr double kLipschitz = 1.2;  // silu 1.0998, gelu 1.129, relu and identity 1
    const Doubles gate_errors = dot_errors(row, args.x, args.gate_weight, args.gate_bias);
    const Doubles up_errors = dot_errors(row, args.x, args.up_weight, args.up_bias);
    const Doubles gates = ref::linear(args.x, args.gate_weight, args.gate_bias);
    const Doubles ups = ref::linear(args.x, args.up_weight, args.up_bias);
    Doubles errors(expected[0].size());
    for (std::size_t i = 0; i < errors.size(); ++i) {
      const double value = std::fabs(ref::activate(args.activation, gates[i]));
      const double activated =
          kLipschitz * gate_errors[i] + 2 * activation_ulps(args.activation) * kUnitF32 * value + kTinyF32;
      errors[i] = activated * (std::fabs(ups[i]) + up_errors[i]) + value * up_errors[i] +
                  2 * kUnitF32 * std::fabs(expected[0][i]) + 2 * kTinyF32;
    }
    return {rounded_errors(args.y.dtype, expected[0], errors)};
  }

  static void plain(const GatedLinear& args) {
    plain::Floats gate = plain::linear(args.x, args.gate_weight, args.gate_bias);
    const plain::Floats up = plain::linear(args.x, args.up_weight, args.up_bias);
    for (std::size_t i = 0; i < gate.size(); ++i) gate[i] = plain::activate(args.activation, gate[i]) * up[i];
    plain::store(args.y, gate);
  }

  /// identity(x · wᵀ) ⊙ 1 (place 0) or 1 ⊙ (x · wᵀ) (place 1): the ones come from a bias of ones and weights of zero,
  /// so that an infinite x gives NaN there.
  static constexpr int kDotPlaces = 2;
  static constexpr bool kInfiniteX = false;
  static GatedLinear of_dot(Maker& maker, const Precision& precision, ConstView x, ConstView weight, int place) {
    const std::int64_t n = weight.shape[0];
    const ConstView zeros = zero_weight(maker, precision.b, weight);
    const ConstView ones = maker.given(DType::f32, {n}, Doubles(static_cast<std::size_t>(n), 1.0)), none;
    return {.x = x,
            .gate_weight = place == 0 ? weight : zeros,
            .up_weight = place == 0 ? zeros : weight,
            .gate_bias = place == 0 ? none : ones,
            .up_bias = place == 0 ? ones : none,
            .y = maker.output(precision.out, {x.shape[0], n}),
            .activation = Activation::identity};
  }
  static View result(const GatedLinear& args, int) { return args.y; }

  static void claims(Runner<GatedLinear>& runner) { dot_claims(runner); }
};

}  // namespace candor::test
