// matmul, qkv_projection and gated_linear, against sums worked out by hand.
#include <gtest/gtest.h>

#include <cmath>

#include "backend_ref/run.h"
#include "support/operand.h"

namespace candor::test {
namespace {

TEST(ReferenceMatmul, SmallByHand) {
  Workspace w;
  const Matmul args{.x = w.make(DType::bf16, {2, 3}, {1, 2, 3, -1, 0, 4}),
                    .weight = w.make(DType::f16, {2, 3}, {1, 1, 1, 2, -1, 0.5}),
                    .bias = w.make(DType::f32, {2}, {10, 0.25}), .y = w.place(DType::f32, {2, 2})};
  run_reference(args);
  EXPECT_EQ(ref::load_all(args.y), (Doubles{16, 1.75, 13, 0.25}));
}

TEST(ReferenceMatmul, PackedWeightAndOneRounding) {
  Workspace w;  // 1 + 2^-8 + 2^-16: just above the tie between 1 and 1 + 2^-7
  const Matmul args{.x = w.make(DType::bf16, {1, 3}, {1, 1, 1}),
                    .weight = w.make(DType::bf16, {1, 3}, {1, 0x1p-8, 0x1p-16}, {.layout = Layout::packed_tiles}),
                    .bias = {}, .y = w.place(DType::bf16, {1, 1})};
  run_reference(args);
  EXPECT_EQ(ref::load_all(args.y)[0], 1.0 + 0x1p-7);
}

TEST(ReferenceMatmul, NoProductsGiveTheBias) {
  Workspace w;
  const Matmul args{.x = w.place(DType::f32, {2, 0}), .weight = w.place(DType::f32, {1, 0}),
                    .bias = w.make(DType::f32, {1}, {3}), .y = w.place(DType::f32, {2, 1})};
  run_reference(args);
  EXPECT_EQ(ref::load_all(args.y), (Doubles{3, 3}));
}

TEST(ReferenceQkvProjection, ThreeResults) {
  Workspace w;
  const QkvProjection args{.x = w.make(DType::f32, {1, 2}, {1, 2}),
                           .q_weight = w.make(DType::f32, {2, 2}, {1, 0, 0, 1}),
                           .k_weight = w.make(DType::f32, {1, 2}, {1, 1}),
                           .v_weight = w.make(DType::f32, {1, 2}, {1, -1}),
                           .q_bias = w.make(DType::f32, {2}, {0.5, 0}), .k_bias = {}, .v_bias = {},
                           .q = w.place(DType::f32, {1, 2}), .k = w.place(DType::f32, {1, 1}),
                           .v = w.place(DType::f32, {1, 1})};
  run_reference(args);
  EXPECT_EQ(ref::load_all(args.q), (Doubles{1.5, 2}));
  EXPECT_EQ(ref::load_all(args.k), (Doubles{3}));
  EXPECT_EQ(ref::load_all(args.v), (Doubles{-1}));
}

TEST(ReferenceGatedLinear, GateTimesUp) {
  Workspace w;
  GatedLinear args{.x = w.make(DType::f32, {1, 2}, {1, 2}), .gate_weight = w.make(DType::f32, {1, 2}, {1, 1}),
                   .up_weight = w.make(DType::f32, {1, 2}, {1, -1}), .gate_bias = {},
                   .up_bias = w.make(DType::f32, {1}, {3}), .y = w.place(DType::f64, {1, 1}),
                   .activation = Activation::silu};
  run_reference(args);
  EXPECT_NEAR(ref::load_all(args.y)[0], 3.0 / (1.0 + std::exp(-3.0)) * 2.0, 1e-15);
  args.activation = Activation::relu;
  run_reference(args);
  EXPECT_EQ(ref::load_all(args.y)[0], 6.0);
}

}  // namespace
}  // namespace candor::test
