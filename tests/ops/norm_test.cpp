// rms_norm, layer_norm and softmax through ops.h.
#include <algorithm>
#include <cmath>

#include "tests/ops/tensors.h"

namespace candor::test {
namespace {

using enum DType;

constexpr std::size_t kC = 6;

// Calls row(first element) for rows of kC elements.
template <class Row>
Doubles by_rows(const Doubles& x, const Row& row) {
  Doubles y(x.size());
  for (std::size_t first = 0; first < x.size(); first += kC) row(&x[first], &y[first]);
  return y;
}

Doubles rms_norm_of(const Doubles& x, const Doubles& weight, double eps) {
  return by_rows(x, [&](const double* in, double* out) {
    double squares = 0;
    for (std::size_t i = 0; i < kC; ++i) squares += in[i] * in[i];
    for (std::size_t i = 0; i < kC; ++i) out[i] = in[i] / std::sqrt(squares / kC + eps) * weight[i];
  });
}

Doubles layer_norm_of(const Doubles& x, const Doubles& weight, const Doubles& bias, double eps) {
  return by_rows(x, [&](const double* in, double* out) {
    double mean = 0, variance = 0;
    for (std::size_t i = 0; i < kC; ++i) mean += in[i] / kC;
    for (std::size_t i = 0; i < kC; ++i) variance += (in[i] - mean) * (in[i] - mean) / kC;
    for (std::size_t i = 0; i < kC; ++i) out[i] = (in[i] - mean) / std::sqrt(variance + eps) * weight[i] + bias[i];
  });
}

Doubles sum_of(const Doubles& x, const Doubles& z) {
  Doubles y = x;
  for (std::size_t i = 0; i < y.size(); ++i) y[i] += z[i];
  return y;
}

struct NormTest : testing::Test {
  Tensor x = of({2, 3, 6}, uniform(36, 1)), residual = of({2, 3, 6}, uniform(36, 2)), weight = of({6}, uniform(6, 3)),
         bias = of({6}, uniform(6, 4));
};

TEST_F(NormTest, RmsNorm) {
  const Tensor y = rms_norm(x, weight, 1e-3f);
  EXPECT_EQ(y.shape(), x.shape());
  expect_near(y, rms_norm_of(doubles(x), doubles(weight), 1e-3), 1e-6);
  const Tensor columns = of({4, 9}, uniform(36, 5)).slice(1, 2, 8);
  expect_near(rms_norm(columns, weight, 1e-3f), rms_norm_of(doubles(columns), doubles(weight), 1e-3), 1e-6);
}

TEST_F(NormTest, RmsNormOfTheSumWithAResidual) {
  const auto [y, sum] = rms_norm_residual(x, residual, weight, 1e-3f);
  const Doubles expected = sum_of(doubles(x), doubles(residual));
  expect_near(sum, expected, 1e-7);
  expect_near(y, rms_norm_of(expected, doubles(weight), 1e-3), 1e-6);
}

TEST_F(NormTest, LayerNorm) {
  expect_near(layer_norm(x, weight, bias, 1e-3f), layer_norm_of(doubles(x), doubles(weight), doubles(bias), 1e-3),
              2e-6);
  expect_near(layer_norm(x, weight, {}, 1e-3f), layer_norm_of(doubles(x), doubles(weight), Doubles(kC, 0.0), 1e-3),
              2e-6);
  const auto [y, sum] = layer_norm_residual(x, residual, weight, bias, 1e-3f);
  const Doubles expected = sum_of(doubles(x), doubles(residual));
  expect_near(sum, expected, 1e-7);
  expect_near(y, layer_norm_of(expected, doubles(weight), doubles(bias), 1e-3), 2e-6);
}

TEST_F(NormTest, Errors) {
  const Tensor scalar = of(Shape{}, {1}), five = counting({5}), flat = counting({6, 6}), half = cast(x, bf16),
               half_bias = cast(bias, bf16);
  for (const bool upcast : {false, true}) {  // the checks come before the policy is looked at
    const OpOptions options{.policy = {.allow_upcast = upcast}};
    for (const std::string op : {"rms_norm", "layer_norm"}) {
      const auto run = [&](const Tensor& rows, const Tensor& added, const Tensor& scale) {
        if (op == "rms_norm") {
          rms_norm_residual(rows, added, scale, 1e-5f, options);
        } else {
          layer_norm_residual(rows, added, scale, {}, 1e-5f, options);
        }
      };
      expect_error<ShapeError>(op + ": weight [5] must be [C] where C is the last dimension of x [2, 3, 6]",
                               [&] { run(x, {}, five); });
      expect_error<ShapeError>(op + ": weight [] must be [C] where C is the last dimension of x [2, 3, 6]",
                               [&] { run(x, {}, scalar); });
      expect_error<ShapeError>(op + ": weight [6] must be [C] where C is the last dimension of x []",
                               [&] { run(scalar, {}, weight); });
      expect_error<ShapeError>(op + ": residual [6, 6] must have x's shape [2, 3, 6]", [&] { run(x, flat, weight); });
      expect_error<DTypeError>(op + ": residual is bf16, x is f32; cast one of them", [&] { run(x, half, weight); });
    }
    expect_error<ShapeError>("layer_norm: bias [5] must have weight's shape [6]",
                             [&] { layer_norm(x, weight, five, 1e-5f, options); });
    expect_error<DTypeError>("layer_norm: bias is bf16, weight is f32; cast one of them",
                             [&] { layer_norm(x, weight, half_bias, 1e-5f, options); });
  }
}

TEST(Softmax, EqualsItsFormula) {
  const Doubles x = uniform(24, 1, -8.0, 8.0);
  const Doubles expected = by_rows(x, [](const double* in, double* out) {
    const double largest = *std::max_element(in, in + kC);
    double sum = 0;
    for (std::size_t i = 0; i < kC; ++i) sum += std::exp(in[i] - largest);
    for (std::size_t i = 0; i < kC; ++i) out[i] = std::exp(in[i] - largest) / sum;
  });
  EXPECT_EQ(softmax(of({2, 2, 6}, x)).shape(), (Shape{2, 2, 6}));
  expect_near(softmax(of({2, 2, 6}, x)), expected, 1e-6);
  const Tensor wide = softmax(of({4, 6}, x, bf16), {.out = f32});
  EXPECT_EQ(wide.dtype(), f32);
  for (int row = 0; row < 4; ++row) {
    double sum = 0;
    for (const double value : doubles(wide.select(0, row))) sum += value;
    EXPECT_NEAR(sum, 1.0, 1e-6);
  }
  expect_error<ShapeError>("softmax: a scalar has no last dimension; give at least rank 1",
                           [scalar = of(Shape{}, {1})] { softmax(scalar); });
}

TEST(Norms, ShapeOnlyInShapeOnlyOut) {
  const Tensor x = Tensor::shape_only({2, 3, 6}, bf16), weight = Tensor::shape_only({6}, bf16);
  const ledger::Allocations before = ledger::allocations();
  const auto [y, sum] = rms_norm_residual(x, x, weight);
  EXPECT_TRUE(y.is_shape_only());
  EXPECT_TRUE(sum.is_shape_only());
  EXPECT_TRUE(layer_norm(x, weight, weight).is_shape_only());
  EXPECT_EQ(softmax(x).shape(), x.shape());
  EXPECT_EQ(ledger::allocations(), before);
}

}  // namespace
}  // namespace candor::test
