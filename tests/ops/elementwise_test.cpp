// cast, contiguous, copy_into, full, unary and binary through ops.h.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "tests/ops/tensors.h"

namespace candor::test {
namespace {

using enum DType;

TEST(Cast, RoundsOnceAndKeepsTheTensorItHas) {
  const Tensor x = of({3}, {1.0 + 0x1p-8 + 0x1p-20, 0.1, -258.0});
  EXPECT_EQ(doubles(cast(x, bf16)), (Doubles{1.0078125, 0.10009765625, -258.0}));
  EXPECT_EQ(cast(x, f32).storage(), x.storage());
  EXPECT_EQ(doubles(cast(counting({2, 3}).transpose(0, 1), f16)), (Doubles{0, 3, 1, 4, 2, 5}));
  EXPECT_EQ(doubles(cast(Tensor::zeros({2, 32}, q8_0), bf16)), Doubles(64, 0.0));
}

TEST(Contiguous, CopiesOnlyWhatHasGaps) {
  const Tensor x = counting({2, 3}), turned = x.transpose(0, 1);
  EXPECT_EQ(contiguous(x).storage(), x.storage());
  const Tensor y = contiguous(turned);
  EXPECT_TRUE(y.is_contiguous());
  EXPECT_EQ(y.shape(), (Shape{3, 2}));
  EXPECT_EQ(doubles(y), (Doubles{0, 3, 1, 4, 2, 5}));
}

TEST(CopyInto, WritesThroughAView) {
  Tensor y = Tensor::zeros({2, 4}, f32), column = y.slice(1, 1, 3), blocks = Tensor::zeros({2, 64}, q8_0);
  copy_into(column, of({2, 2}, {1, 2, 3, 4}));
  EXPECT_EQ(doubles(y), (Doubles{0, 1, 2, 0, 0, 3, 4, 0}));
  Tensor turned = y.transpose(0, 1);
  copy_into(turned, counting({4, 2}));
  EXPECT_EQ(doubles(y), (Doubles{0, 2, 4, 6, 1, 3, 5, 7}));
  Tensor half = blocks.slice(1, 32, 64);
  copy_into(half, Tensor::zeros({2, 32}, q8_0));
  Tensor none = Tensor::empty({0, 3}, f32);
  copy_into(none, Tensor::empty({0, 3}, f32));
}

TEST(CopyInto, Errors) {
  Tensor y = Tensor::zeros({4, 3}, f32), hollow = Tensor::shape_only({4, 3}, f32);
  const Tensor x = counting({4, 3}), other = counting({4, 3}, bf16), wider = counting({4, 4});
  expect_error<ShapeError>("copy_into: destination [4, 3] and source [4, 4] differ; slice or reshape one of them",
                           [&] { copy_into(y, wider); });
  expect_error<DTypeError>("copy_into: destination is f32, source is bf16; cast the source first",
                           [&] { copy_into(y, other); });
  expect_error<ValueError>(
      "copy_into: destination [4, 3] has a shape but no memory, the source has both; make the destination with "
      "Tensor::empty",
      [&] { copy_into(hollow, x); });
  copy_into(hollow, hollow);
}

TEST(CopyInto, RefusesOverlap) {
  Tensor y = counting({4, 3});
  const auto refused = [&](Tensor destination, const Tensor& source) {
    const std::string shape = source.shape().to_string();
    expect_error<ValueError>("copy_into: destination " + shape + " and source " + shape +
                                 " overlap in memory; copy the source into a tensor of its own first",
                             [&] { copy_into(destination, source); });
  };
  refused(y, y);
  refused(y.slice(0, 1, 4), y.slice(0, 0, 3));
  refused(y.slice(0, 0, 3), y.slice(0, 1, 4));
  refused(y.slice(0, 0, 3).slice(1, 0, 3), y.slice(0, 1, 4).slice(1, 0, 3));
  refused(y.slice(0, 0, 3), y.slice(0, 0, 3).transpose(0, 1));
  EXPECT_EQ(doubles(y), doubles(counting({4, 3})));
  Tensor upper = y.slice(0, 0, 2);
  copy_into(upper, y.slice(0, 2, 4));  // neighbours are apart
  EXPECT_EQ(doubles(y), (Doubles{6, 7, 8, 9, 10, 11, 6, 7, 8, 9, 10, 11}));
  Tensor blocks = Tensor::zeros({2, 64}, q8_0), left = blocks.slice(0, 0, 1);
  copy_into(left, blocks.slice(0, 1, 2));
  refused(left, left);
}

TEST(Full, RoundsTheValueOnce) {
  EXPECT_EQ(doubles(full({2, 2}, bf16, 0.1)), Doubles(4, 0.10009765625));
  EXPECT_EQ(doubles(full({3}, f16, 65504.0)), Doubles(3, 65504.0));
  const Tensor integer = full({3}, i32, -7.0);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(integer.data_as<std::int32_t>()[i], -7);
  EXPECT_EQ(full({2, 0, 3}, f32, 1.0).elements(), 0);
}

TEST(Unary, EveryKind) {
  const Doubles x = {-2.5, -0.5, 0.25, 1.0, 3.0}, positive = {0.25, 0.5, 1.0, 2.0, 9.0};
  const auto expect = [](UnaryKind kind, const Doubles& values, const std::function<double(double)>& f) {
    Doubles expected;
    for (const double value : values) expected.push_back(f(value));
    expect_near(unary(kind, of({5}, values)), expected, 2e-6);
  };
  expect(UnaryKind::neg, x, [](double v) { return -v; });
  expect(UnaryKind::abs, x, [](double v) { return std::fabs(v); });
  expect(UnaryKind::sqrt, positive, [](double v) { return std::sqrt(v); });
  expect(UnaryKind::rsqrt, positive, [](double v) { return 1 / std::sqrt(v); });
  expect(UnaryKind::exp, x, [](double v) { return std::exp(v); });
  expect(UnaryKind::tanh, x, [](double v) { return std::tanh(v); });
  expect(UnaryKind::sigmoid, x, [](double v) { return 1 / (1 + std::exp(-v)); });
  expect(UnaryKind::relu, x, [](double v) { return std::max(v, 0.0); });
  expect(UnaryKind::silu, x, [](double v) { return v / (1 + std::exp(-v)); });
  expect(UnaryKind::gelu_erf, x, [](double v) { return 0.5 * v * (1 + std::erf(v / std::sqrt(2.0))); });
  expect(UnaryKind::gelu_tanh, x, [](double v) {
    return 0.5 * v * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (v + 0.044715 * v * v * v)));
  });
}

TEST(Unary, OfAViewAndOfAScalar) {
  const Tensor y = unary(UnaryKind::neg, counting({2, 3}, bf16).transpose(0, 1));
  EXPECT_EQ(y.dtype(), bf16);
  EXPECT_TRUE(y.is_contiguous());
  EXPECT_EQ(doubles(y), (Doubles{0, -3, -1, -4, -2, -5}));
  EXPECT_EQ(doubles(unary(UnaryKind::neg, of(Shape{}, {4}))), Doubles{-4});
}

TEST(Binary, EveryKind) {
  const Tensor x = of({4}, {6, -3, 8, 0}), z = of({4}, {2, 4, -4, 5});
  const auto y = [&](BinaryKind kind) { return doubles(binary(kind, x, z)); };
  EXPECT_EQ(y(BinaryKind::add), (Doubles{8, 1, 4, 5}));
  EXPECT_EQ(y(BinaryKind::sub), (Doubles{4, -7, 12, -5}));
  EXPECT_EQ(y(BinaryKind::mul), (Doubles{12, -12, -32, 0}));
  EXPECT_EQ(y(BinaryKind::div), (Doubles{3, -0.75, -2, 0}));
  EXPECT_EQ(y(BinaryKind::max), (Doubles{6, 4, 8, 5}));
  EXPECT_EQ(y(BinaryKind::min), (Doubles{2, -3, -4, 0}));
}

// Index arithmetic of NumPy's rule, written out.
TEST(Binary, Broadcasts) {
  const Tensor x = counting({2, 1, 3}), z = of({4, 1}, {10, 20, 30, 40});
  Doubles expected;
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 4; ++j)
      for (int k = 0; k < 3; ++k) expected.push_back(3 * i + k + 10 * (j + 1));
  EXPECT_EQ(add(x, z).shape(), (Shape{2, 4, 3}));
  EXPECT_EQ(doubles(add(x, z)), expected);
  EXPECT_EQ(doubles(add(z, x)), expected);
  EXPECT_EQ(doubles(mul(of(Shape{}, {3}), counting({2}))), (Doubles{0, 3}));
  EXPECT_EQ(doubles(add(counting({2, 2}).transpose(0, 1), of({2}, {10, 20}))), (Doubles{10, 22, 11, 23}));
  EXPECT_EQ(add(Tensor::empty({2, 0, 3}, f32), of({1}, {1})).shape(), (Shape{2, 0, 3}));
}

TEST(Binary, TheSecondOperandMayBeWider) {
  const Tensor y = add(of({2}, {1, 2}, bf16), of({2}, {0.5, 1e-3}));
  EXPECT_EQ(y.dtype(), bf16);
  EXPECT_EQ(doubles(y), (Doubles{1.5, 2.0}));
  EXPECT_THROW(add(of({2}, {1, 2}), of({2}, {1, 2}, bf16)), UnsupportedPrecision);
}

TEST(Binary, Errors) {
  const Tensor x = counting({2, 3}), z = counting({2, 4});
  expect_error<ShapeError>(
      "binary: [2, 3] and [2, 4] do not broadcast; each pair of trailing dimensions must be equal or 1",
      [&] { add(x, z); });
}

TEST(Elementwise, ShapeOnlyInShapeOnlyOut) {
  const Tensor x = Tensor::shape_only({2, 3}, bf16), z = Tensor::shape_only({3}, bf16),
               blocks = Tensor::shape_only({2, 32}, q4_0);
  const ledger::Allocations before = ledger::allocations();
  EXPECT_TRUE(cast(x, f32).is_shape_only());
  EXPECT_EQ(cast(blocks, f32).shape(), (Shape{2, 32}));
  EXPECT_TRUE(contiguous(x.transpose(0, 1)).is_shape_only());
  EXPECT_TRUE(unary(UnaryKind::exp, x).is_shape_only());
  EXPECT_EQ(add(x, z).shape(), (Shape{2, 3}));
  EXPECT_TRUE(add(x, z).is_shape_only());
  EXPECT_EQ(ledger::allocations(), before);
  for (const CastEntry& entry : ledger::casts()) EXPECT_NE(entry.from, q4_0) << "a cast that did not happen is counted";
}

}  // namespace
}  // namespace candor::test
