#include "nn/gated_feed_forward.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>

#include "candor/error.h"
#include "candor/receipt.h"
#include "tests/support/fill.h"

namespace candor::nn {
namespace {

using test::Doubles;
using enum DType;

constexpr std::int64_t kT = 3, kC = 32, kF = 16;

Tensor of(const Shape& shape, std::uint64_t seed, DType dtype) {
  const Doubles values = test::uniform(shape.elements(), seed);
  return cast(Tensor::from_f32(std::vector<float>(values.begin(), values.end()), shape), dtype);
}

Doubles doubles(const Tensor& x) {
  const std::vector<float> values = x.to_f32();
  return Doubles(values.begin(), values.end());
}

Doubles product(const Doubles& x, const Doubles& weight, std::int64_t k) {
  const auto depth = static_cast<std::size_t>(k);
  Doubles y;
  for (std::size_t m = 0; m * depth < x.size(); ++m)
    for (std::size_t n = 0; n * depth < weight.size(); ++n) {
      double sum = 0;
      for (std::size_t i = 0; i < depth; ++i) sum += x[m * depth + i] * weight[n * depth + i];
      y.push_back(sum);
    }
  return y;
}

double activate(Activation activation, double x) {
  switch (activation) {
    case Activation::relu:
      return std::max(x, 0.0);
    case Activation::silu:
      return x / (1 + std::exp(-x));
    case Activation::gelu_tanh:
      return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
    case Activation::gelu_erf:
      return 0.5 * x * (1 + std::erf(x / std::numbers::sqrt2));
    case Activation::identity:
      return x;
  }
  return x;
}

Doubles expected(const GatedFeedForward& block, const Tensor& x) {
  const Doubles gate = product(doubles(x), doubles(block.gate.weight), kC),
                up = product(doubles(x), doubles(block.up.weight), kC);
  Doubles gated;
  for (std::size_t i = 0; i < gate.size(); ++i) gated.push_back(activate(block.activation, gate[i]) * up[i]);
  return product(gated, doubles(block.down.weight), kF);
}

std::set<std::string> ops_of(const GatedFeedForward& block, const Tensor& x, Tensor& y) {
  Recorder recorder;
  y = block(x, {});
  recorder.stop();
  std::set<std::string> ops;
  for (const KernelEntry& entry : recorder.kernels()) ops.insert(entry.op);
  return ops;
}

void expect_near(const Tensor& y, const Doubles& values, double bound) {
  ASSERT_EQ(y.shape(), (Shape{kT, kC}));
  const Doubles actual = doubles(y);
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(actual[i], values[i], bound) << "element " << i;
}

constexpr Activation kActivations[] = {Activation::relu, Activation::silu, Activation::gelu_tanh, Activation::gelu_erf};

TEST(GatedFeedForward, OneFusedOpForOneDType) {
  const Tensor x = of({kT, kC}, 1, f32);
  for (const Activation activation : kActivations) {
    const GatedFeedForward block{.gate = {of({kF, kC}, 2, f32), {}},
                                 .up = {of({kF, kC}, 3, f32), {}},
                                 .down = {of({kC, kF}, 4, f32), {}},
                                 .activation = activation};
    Tensor y;
    EXPECT_EQ(ops_of(block, x, y), (std::set<std::string>{"gated_linear", "matmul"}));
    expect_near(y, expected(block, x), 2e-5);
  }
}

// The halves stay in f32 until their product is rounded, once, to the activations' dtype.
TEST(GatedFeedForward, GateAndUpOfDifferentDTypes) {
  for (const DType dtype : {f32, bf16}) {
    const Tensor x = of({kT, kC}, 1, dtype);
    for (const Activation activation : kActivations) {
      const GatedFeedForward block{.gate = {of({kF, kC}, 2, bf16), {}},
                                   .up = {of({kF, kC}, 3, f32), {}},
                                   .down = {of({kC, kF}, 4, dtype), {}},
                                   .activation = activation};
      Tensor y;
      const std::set<std::string> ops = ops_of(block, x, y);
      EXPECT_EQ(ops.count("gated_linear"), 0u);
      EXPECT_EQ(ops.count("binary"), 1u);
      EXPECT_EQ(y.dtype(), dtype);
      expect_near(y, expected(block, x), dtype == f32 ? 2e-5 : 0.1);
    }
  }
}

TEST(GatedFeedForward, IdentityNeedsOneDType) {
  const Tensor x = of({kT, kC}, 1, f32);
  const GatedFeedForward block{.gate = {of({kF, kC}, 2, bf16), {}},
                               .up = {of({kF, kC}, 3, f32), {}},
                               .down = {of({kC, kF}, 4, f32), {}},
                               .activation = Activation::identity};
  try {
    block(x, {});
    ADD_FAILURE() << "no error";
  } catch (const ValueError& error) {
    EXPECT_STREQ(error.what(),
                 "gated feed-forward: an identity activation has no unary op; use relu, silu, gelu_tanh or gelu_erf");
  }
}

}  // namespace
}  // namespace candor::nn
