// Fused ops give the bits of their parts, which round in the same places: f32 between the parts, or x's dtype for a
// stored sum.
#include <gtest/gtest.h>

#include "kernels/cases_gated_linear.h"
#include "kernels/cases_norm.h"
#include "kernels/cases_qkv_projection.h"
#include "kernels/chosen_row.h"
#include "kernels/suite-inl.h"

namespace candor::test {
namespace {

TEST(SameBitsParts, QkvProjection) {
  for (const Precision& p : precisions_of("qkv_projection")) {
    Workspace workspace;
    Maker maker(workspace, Inputs::normal, 4);
    const DotConfig config{5, 48, whole_blocks(p.b, 96), packable(p.b), false, DType::f32, 0};
    const QkvProjection fused{.x = dot_x(maker, p, config),
                              .q_weight = dot_weight(maker, p, config, 48),
                              .k_weight = dot_weight(maker, p, config, 24),
                              .v_weight = dot_weight(maker, p, config, 24),
                              .q_bias = dot_bias(maker, config, 48),
                              .k_bias = {},
                              .v_bias = {},
                              .q = maker.output(p.out, {5, 48}),
                              .k = maker.output(p.out, {5, 24}),
                              .v = maker.output(p.out, {5, 24})};
    ASSERT_TRUE(run_chosen(p, fused)) << to_string(p);
    const auto separate = [&](const ConstView& weight, const ConstView& bias) {
      const View y = maker.output(p.out, {5, weight.shape[0]});
      EXPECT_TRUE(run_chosen(p, Matmul{.x = fused.x, .weight = weight, .bias = bias, .y = y})) << to_string(p);
      return element_bytes(y);
    };
    EXPECT_EQ(element_bytes(fused.q), separate(fused.q_weight, fused.q_bias)) << to_string(p);
    EXPECT_EQ(element_bytes(fused.k), separate(fused.k_weight, {})) << to_string(p);
    EXPECT_EQ(element_bytes(fused.v), separate(fused.v_weight, {})) << to_string(p);
  }
}

// f(x · gateᵀ + bias) ⊙ (x · upᵀ), with f32 between the parts and one cast at the end. Small activations: gelu's tails
// reach the subnormals, which the fused op flushes.
TEST(SameBitsParts, GatedLinear) {
  constexpr Activation kActivations[] = {Activation::silu, Activation::gelu_tanh, Activation::gelu_erf,
                                         Activation::relu};
  constexpr UnaryKind kKinds[] = {UnaryKind::silu, UnaryKind::gelu_tanh, UnaryKind::gelu_erf, UnaryKind::relu};
  const Precision f32{.a = DType::f32, .b = DType::f32, .out = DType::f32};
  for (const Precision& p : precisions_of("gated_linear"))
    for (std::size_t i = 0; i < std::size(kActivations); ++i) {
      Workspace workspace;
      Maker maker(workspace, Inputs::normal, 7);
      const DotConfig config{5, 50, whole_blocks(p.b, 96), packable(p.b), false, DType::f32, 0};
      Doubles x = maker.values(5 * config.k, 1);
      for (double& value : x) value /= 8;
      const GatedLinear fused{.x = maker.given(p.a, {5, config.k}, x),
                              .gate_weight = dot_weight(maker, p, config, 50),
                              .up_weight = dot_weight(maker, p, config, 50),
                              .gate_bias = dot_bias(maker, config, 50),
                              .up_bias = {},
                              .y = maker.output(p.out, {5, 50}),
                              .activation = kActivations[i]};
      ASSERT_TRUE(run_chosen(p, fused)) << to_string(p);
      const View gate = maker.output(DType::f32, {5, 50}), up = maker.output(DType::f32, {5, 50});
      const Precision dot{.a = p.a, .b = p.b, .out = DType::f32};
      ASSERT_TRUE(
          run_chosen(dot, Matmul{.x = fused.x, .weight = fused.gate_weight, .bias = fused.gate_bias, .y = gate}));
      ASSERT_TRUE(run_chosen(dot, Matmul{.x = fused.x, .weight = fused.up_weight, .bias = {}, .y = up}));
      ASSERT_TRUE(run_chosen(f32, Unary{.x = gate, .y = gate, .kind = kKinds[i]}));
      ASSERT_TRUE(run_chosen(f32, Binary{.x = gate, .z = up, .y = up, .kind = BinaryKind::mul}));
      const View y = p.out == DType::f32 ? up : maker.output(p.out, {5, 50});
      const Precision rounding{
          .a = DType::f32, .b = DType::f32, .out = p.out, .compute = DType::any, .accumulate = DType::any};
      if (p.out != DType::f32) {
        ASSERT_TRUE(run_chosen(rounding, Cast{.x = up, .y = y})) << to_string(p);
      }
      EXPECT_EQ(element_bytes(fused.y), element_bytes(y)) << to_string(p) << " activation " << i;
    }
}

// norm(x + residual) against an addition, which rounds to x's dtype, and the norm of that.
template <class Op>
void expect_residual_is_an_addition(bool bias) {
  for (const Precision& p : precisions_of(Op::name))
    for (const std::int64_t columns : {1, 15, 64, 100, 577}) {
      Workspace workspace;
      Maker maker(workspace, Inputs::normal, 8);
      Op fused{};
      fused.x = maker.input(p.a, {3, columns}, 1);
      fused.residual = maker.input(p.a, {3, columns}, 1);
      fused.weight = maker.input(p.b, {columns}, 1);
      if constexpr (requires { fused.bias; }) {
        if (bias) fused.bias = maker.input(p.b, {columns}, 1);
      }
      fused.sum = maker.output(p.a, {3, columns});
      fused.y = maker.output(p.out, {3, columns});
      fused.eps = 1e-5f;
      ASSERT_TRUE(run_chosen(p, fused)) << to_string(p);
      const View sum = maker.output(p.a, {3, columns});
      ASSERT_TRUE(run_chosen(Precision{.a = p.a, .b = p.a, .out = p.a},
                             Binary{.x = fused.x, .z = fused.residual, .y = sum, .kind = BinaryKind::add}));
      EXPECT_EQ(element_bytes(fused.sum), element_bytes(sum)) << Op::name << " " << to_string(p);
      Op alone = fused;
      alone.x = sum;
      alone.residual = {};
      alone.sum = {};
      alone.y = maker.output(p.out, {3, columns});
      ASSERT_TRUE(run_chosen(p, alone)) << to_string(p);
      EXPECT_EQ(element_bytes(fused.y), element_bytes(alone.y)) << Op::name << " " << to_string(p);
    }
}

TEST(SameBitsParts, RmsNormWithResidual) { expect_residual_is_an_addition<RmsNorm>(false); }
TEST(SameBitsParts, LayerNormWithResidual) {
  expect_residual_is_an_addition<LayerNorm>(false);
  expect_residual_is_an_addition<LayerNorm>(true);
}

}  // namespace
}  // namespace candor::test
