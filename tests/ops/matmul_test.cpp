// matmul, qkv_projection, gated_linear and pack_tiles through ops.h.
#include <cmath>

#include "tests/ops/tensors.h"

namespace candor::test {
namespace {

using enum DType;

// x [M, K] · weightᵀ [N, K] + bias, in f64.
Doubles product(const Doubles& x, const Doubles& weight, std::int64_t k, const Doubles& bias = {}) {
  const auto depth = static_cast<std::size_t>(k);
  Doubles y;
  for (std::size_t m = 0; m * depth < x.size(); ++m)
    for (std::size_t n = 0; n * depth < weight.size(); ++n) {
      double sum = bias.empty() ? 0 : bias[n];
      for (std::size_t i = 0; i < depth; ++i) sum += x[m * depth + i] * weight[n * depth + i];
      y.push_back(sum);
    }
  return y;
}

TEST(Matmul, OverEveryLeadingShape) {
  const Tensor x = integers_of({2, 3, 5}, 1), weight = integers_of({7, 5}, 2), bias = integers_of({7}, 3);
  const Doubles expected = product(doubles(x), doubles(weight), 5, doubles(bias));
  EXPECT_EQ(matmul(x, weight, bias).shape(), (Shape{2, 3, 7}));
  EXPECT_EQ(doubles(matmul(x, weight, bias)), expected);
  EXPECT_EQ(doubles(matmul(x.reshape({6, 5}), weight, bias)), expected);
  const Tensor row = x.select(0, 1).select(0, 2);  // [5]
  EXPECT_EQ(matmul(row, weight).shape(), (Shape{7}));
  EXPECT_EQ(doubles(matmul(row, weight)), product(doubles(row), doubles(weight), 5));
}

TEST(Matmul, OfViews) {
  const Tensor wide = integers_of({2, 4, 9}, 1), tall = integers_of({9, 8}, 2);
  const Tensor x = wide.slice(2, 2, 7), weight = tall.slice(1, 3, 8).slice(0, 2, 8);
  EXPECT_EQ(doubles(matmul(x, weight)), product(doubles(x), doubles(weight), 5));
  const Tensor apart = wide.slice(1, 0, 3), nine = integers_of({4, 9}, 3);
  expect_error<ShapeError>(
      "matmul: leading dimensions of [2, 3, 9] cannot be merged without a copy; call contiguous() first",
      [&] { matmul(apart, nine); });
  EXPECT_EQ(doubles(matmul(contiguous(apart), nine)), product(doubles(apart), doubles(nine), 9));
}

TEST(Matmul, PackedEqualsStrided) {
  for (const DType dtype : {f32, bf16, f16}) {
    const Tensor x = integers_of({3, 33}, 1, dtype), weight = integers_of({19, 33}, 2, dtype);
    const Tensor packed = pack_tiles(weight);
    EXPECT_EQ(packed.layout(), Layout::packed_tiles);
    EXPECT_EQ(packed.nbytes(), 32u * (dtype == bf16 ? 34 : 33) * *dtype_bytes(dtype, 1));
    EXPECT_EQ(doubles(packed), doubles(weight));
    EXPECT_EQ(doubles(matmul(x, packed, {}, {.out = f32})), product(doubles(x), doubles(weight), 33));
    EXPECT_EQ(doubles(matmul(x, weight, {}, {.out = f32})), product(doubles(x), doubles(weight), 33));
  }
}

TEST(Matmul, RoundsOnceAfterTheBias) {
  const Tensor x = of({1, 2}, {1, 1}, bf16), weight = of({1, 2}, {256, 1}, bf16), bias = of({1}, {1});
  EXPECT_EQ(doubles(matmul(x, weight, bias)), Doubles{258});  // rounding 257 first gives 256, and 257 after the bias
}

TEST(Matmul, Errors) {
  const Tensor x = counting({2, 5}), weight = counting({3, 4}), fits = counting({3, 5}), bias = counting({4}),
               scalar = of(Shape{}, {1}), cube = counting({1, 3, 5});
  expect_error<ShapeError>("matmul: last dimension of x [2, 5] must equal the last dimension of weight [3, 4]",
                           [&] { matmul(x, weight); });
  expect_error<ShapeError>("matmul: x [] must be [..., K] and weight [3, 4] must be [N, K]",
                           [&] { matmul(scalar, weight); });
  expect_error<ShapeError>("matmul: x [2, 5] must be [..., K] and weight [1, 3, 5] must be [N, K]",
                           [&] { matmul(x, cube); });
  expect_error<ShapeError>("matmul: bias [4] must be [3], one per row of weight", [&] { matmul(x, fits, bias); });
  expect_error<ShapeError>("pack_tiles: weight [1, 3, 5] must be [N, K]", [&] { pack_tiles(cube); });
}

TEST(QkvProjection, EqualsThreeProducts) {
  const Tensor x = integers_of({4, 6}, 1), q = integers_of({8, 6}, 2), k = integers_of({4, 6}, 3),
               v = integers_of({4, 6}, 4), bias = integers_of({4}, 5);
  const Qkv y = qkv_projection(x, q, k, v, {}, {}, bias);
  EXPECT_EQ(y.q.shape(), (Shape{4, 8}));
  EXPECT_EQ(doubles(y.q), product(doubles(x), doubles(q), 6));
  EXPECT_EQ(doubles(y.k), product(doubles(x), doubles(k), 6));
  EXPECT_EQ(doubles(y.v), product(doubles(x), doubles(v), 6, doubles(bias)));
}

TEST(QkvProjection, Errors) {
  const Tensor x = counting({4, 6}), w = counting({4, 6}), narrow = counting({4, 5}), half = counting({4, 6}, bf16),
               bias = counting({3});
  expect_error<ShapeError>(
      "qkv_projection: last dimension of x [4, 6] must equal the last dimension of k_weight [4, 5]",
      [&] { qkv_projection(x, w, narrow, w); });
  expect_error<ShapeError>("qkv_projection: bias [3] must be [4], one per row of v_weight",
                           [&] { qkv_projection(x, w, w, w, {}, {}, bias); });
  expect_error<DTypeError>("qkv_projection: weights are f32 and bf16; use one dtype, or separate matmuls",
                           [&] { qkv_projection(x, w, w, half); });
}

TEST(GatedLinear, EqualsItsFormula) {
  const Tensor x = of({3, 8}, uniform(24, 1)), gate = of({5, 8}, uniform(40, 2)), up = of({5, 8}, uniform(40, 3)),
               gate_bias = of({5}, uniform(5, 4)), up_bias = of({5}, uniform(5, 5));
  const Doubles g = product(doubles(x), doubles(gate), 8, doubles(gate_bias)),
                u = product(doubles(x), doubles(up), 8, doubles(up_bias));
  Doubles expected;
  for (std::size_t i = 0; i < g.size(); ++i) expected.push_back(g[i] / (1 + std::exp(-g[i])) * u[i]);
  expect_near(gated_linear(x, gate, up, Activation::silu, gate_bias, up_bias), expected, 1e-5);
}

TEST(GatedLinear, Errors) {
  const Tensor x = counting({2, 6}), gate = counting({4, 6}), up = counting({5, 6}), half = counting({4, 6}, bf16);
  expect_error<ShapeError>("gated_linear: gate [4, 6] and up [5, 6] must have the same shape",
                           [&] { gated_linear(x, gate, up, Activation::silu); });
  expect_error<DTypeError>("gated_linear: weights are f32 and bf16; use one dtype, or separate matmuls",
                           [&] { gated_linear(x, gate, half, Activation::silu); });
}

TEST(Products, ShapeOnlyInShapeOnlyOut) {
  const Tensor x = Tensor::shape_only({2, 3, 64}, bf16), weight = Tensor::shape_only({8, 64}, bf16);
  const ledger::Allocations before = ledger::allocations();
  const Tensor packed = pack_tiles(weight);
  EXPECT_TRUE(packed.is_shape_only());
  EXPECT_EQ(packed.layout(), Layout::packed_tiles);
  EXPECT_EQ(matmul(x, packed).shape(), (Shape{2, 3, 8}));
  EXPECT_TRUE(matmul(x, packed).is_shape_only());
  EXPECT_TRUE(qkv_projection(x, weight, weight, weight).v.is_shape_only());
  EXPECT_TRUE(gated_linear(x, packed, packed, Activation::silu).is_shape_only());
  EXPECT_EQ(ledger::allocations(), before);
}

}  // namespace
}  // namespace candor::test
