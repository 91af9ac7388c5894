// unary and binary, against values worked out by hand or printed in tables.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "backend_ref/run.h"
#include "support/operand.h"

namespace candor::test {
namespace {

double unary_of(UnaryKind kind, double x) {
  Workspace w;
  const Unary args{.x = w.make(DType::f64, {1}, {x}), .y = w.place(DType::f64, {1}), .kind = kind};
  run_reference(args);
  return ref::load_all(args.y)[0];
}

double binary_of(BinaryKind kind, double x, double z) {
  Workspace w;
  const Binary args{.x = w.make(DType::f64, {1}, {x}),
                    .z = w.make(DType::f64, {1}, {z}),
                    .y = w.place(DType::f64, {1}),
                    .kind = kind};
  run_reference(args);
  return ref::load_all(args.y)[0];
}

TEST(ReferenceUnary, ANaNIsItsOwnResult) {
  for (const double nan : {std::numeric_limits<double>::quiet_NaN(), -std::numeric_limits<double>::quiet_NaN()})
    for (int i = 0; i <= static_cast<int>(UnaryKind::gelu_erf); ++i) {
      const auto kind = static_cast<UnaryKind>(i);
      const double y = unary_of(kind, nan);
      ASSERT_TRUE(std::isnan(y)) << i;
      const bool sign = kind == UnaryKind::neg ? !std::signbit(nan) : kind != UnaryKind::abs && std::signbit(nan);
      EXPECT_EQ(std::signbit(y), sign) << i;
    }
}

TEST(ReferenceUnary, KnownValues) {
  EXPECT_EQ(unary_of(UnaryKind::neg, 2.5), -2.5);
  EXPECT_EQ(unary_of(UnaryKind::abs, -2.5), 2.5);
  EXPECT_EQ(unary_of(UnaryKind::sqrt, 2.25), 1.5);
  EXPECT_EQ(unary_of(UnaryKind::rsqrt, 0.25), 2.0);
  EXPECT_NEAR(unary_of(UnaryKind::exp, 1.0), 2.718281828459045, 1e-15);
  EXPECT_NEAR(unary_of(UnaryKind::tanh, 0.5), 0.46211715726000975, 1e-15);
  EXPECT_NEAR(unary_of(UnaryKind::sigmoid, 1.0), 0.7310585786300049, 1e-15);
  EXPECT_EQ(unary_of(UnaryKind::relu, -3.0), 0.0);
  EXPECT_EQ(unary_of(UnaryKind::relu, 3.0), 3.0);
  EXPECT_NEAR(unary_of(UnaryKind::silu, 1.0), 0.7310585786300049, 1e-15);
  EXPECT_NEAR(unary_of(UnaryKind::silu, -2.0), -0.2384058440442351, 1e-15);
  EXPECT_NEAR(unary_of(UnaryKind::gelu_erf, 1.0), 0.8413447460685429, 1e-15);  // Phi(1)
  EXPECT_NEAR(unary_of(UnaryKind::gelu_erf, -1.0), -0.15865525393145707, 1e-15);
  EXPECT_NEAR(unary_of(UnaryKind::gelu_tanh, 1.0), 0.8411919906082768, 1e-15);
  EXPECT_NEAR(unary_of(UnaryKind::gelu_tanh, -3.0), -0.0036373920817729943, 1e-16);
  EXPECT_TRUE(std::isnan(unary_of(UnaryKind::relu, std::numeric_limits<double>::quiet_NaN())));
}

TEST(ReferenceBinary, KnownValues) {
  EXPECT_EQ(binary_of(BinaryKind::add, 2.0, 0.5), 2.5);
  EXPECT_EQ(binary_of(BinaryKind::sub, 2.0, 0.5), 1.5);
  EXPECT_EQ(binary_of(BinaryKind::mul, 2.0, 0.5), 1.0);
  EXPECT_EQ(binary_of(BinaryKind::div, 2.0, 0.5), 4.0);
  EXPECT_EQ(binary_of(BinaryKind::max, 2.0, 0.5), 2.0);
  EXPECT_EQ(binary_of(BinaryKind::min, 2.0, 0.5), 0.5);
}

TEST(ReferenceBinary, MaxAndMinKeepNaN) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const BinaryKind kind : {BinaryKind::max, BinaryKind::min}) {
    EXPECT_TRUE(std::isnan(binary_of(kind, nan, 1.0)));
    EXPECT_TRUE(std::isnan(binary_of(kind, 1.0, nan)));
  }
}

TEST(ReferenceBinary, BroadcastsByStrideZero) {
  Workspace w;
  View row = w.make(DType::f32, {2, 3}, {10, 20, 30, 0, 0, 0});
  row.stride[0] = 0;
  const Binary args{.x = w.make(DType::bf16, {2, 3}, {1, 2, 3, 4, 5, 6}),
                    .z = row,
                    .y = w.place(DType::f32, {2, 3}),
                    .kind = BinaryKind::add};
  run_reference(args);
  EXPECT_EQ(ref::load_all(args.y), (Doubles{11, 22, 33, 14, 25, 36}));
}

}  // namespace
}  // namespace candor::test
