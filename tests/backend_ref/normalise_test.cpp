// rms_norm, layer_norm, rope and softmax, against values worked out by hand.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "backend_ref/run.h"
#include "support/operand.h"

namespace candor::test {
namespace {

TEST(ReferenceRmsNorm, ByHand) {
  Workspace w;  // mean of squares 12.5 + 0 -> scale 1 / sqrt(12.5)
  const RmsNorm args{.x = w.make(DType::f32, {1, 2}, {3, 4}), .residual = {}, .weight = w.make(DType::f32, {2}, {1, 2}),
                     .sum = {}, .y = w.place(DType::f64, {1, 2}), .eps = 0.0f};
  run_reference(args);
  EXPECT_NEAR(ref::load_all(args.y)[0], 3.0 / std::sqrt(12.5), 1e-15);
  EXPECT_NEAR(ref::load_all(args.y)[1], 8.0 / std::sqrt(12.5), 1e-15);
}

TEST(ReferenceRmsNorm, NormalisesTheRoundedSum) {
  Workspace w;  // 1 + 2^-8 is stored as 1 in bf16; what is normalised is 1
  const RmsNorm args{.x = w.make(DType::bf16, {1, 1}, {1}), .residual = w.make(DType::bf16, {1, 1}, {0x1p-8}),
                     .weight = w.make(DType::f32, {1}, {1}), .sum = w.place(DType::bf16, {1, 1}),
                     .y = w.place(DType::f64, {1, 1}), .eps = 3.0f};
  run_reference(args);
  EXPECT_EQ(ref::load_all(args.sum)[0], 1.0);
  EXPECT_EQ(ref::load_all(args.y)[0], 0.5);
}

TEST(ReferenceLayerNorm, ByHand) {
  Workspace w;  // mean 2, variance 1
  const LayerNorm args{.x = w.make(DType::f32, {1, 2}, {1, 2}), .residual = w.make(DType::f32, {1, 2}, {0, 1}),
                       .weight = w.make(DType::f32, {2}, {2, 3}), .bias = w.make(DType::f32, {2}, {10, 20}),
                       .sum = w.place(DType::f32, {1, 2}), .y = w.place(DType::f64, {1, 2}), .eps = 0.0f};
  run_reference(args);
  EXPECT_EQ(ref::load_all(args.sum), (Doubles{1, 3}));
  EXPECT_EQ(ref::load_all(args.y), (Doubles{8, 23}));
}

TEST(ReferenceRope, BothPairings) {
  for (const RopeStyle style : {RopeStyle::half_split, RopeStyle::interleaved}) {
    Workspace w;  // R = 2 of D = 5: quarter turn for the first pair, half turn for the second; the last is copied
    const Rope args{.x = w.make(DType::f32, {1, 1, 5}, {1, 2, 3, 4, 5}), .cos = w.make(DType::f32, {1, 2}, {0, -1}),
                    .sin = w.make(DType::f32, {1, 2}, {1, 0}), .y = w.place(DType::f32, {1, 1, 5}), .style = style};
    run_reference(args);
    const Doubles half_split{-3, -2, 1, -4, 5}, interleaved{-2, 1, -3, -4, 5};
    EXPECT_EQ(ref::load_all(args.y), style == RopeStyle::half_split ? half_split : interleaved);
  }
}

TEST(ReferenceRope, InPlace) {
  Workspace w;
  const View x = w.make(DType::f32, {1, 1, 2}, {1, 2});
  run_reference(Rope{.x = x, .cos = w.make(DType::f32, {1, 1}, {0}), .sin = w.make(DType::f32, {1, 1}, {1}), .y = x});
  EXPECT_EQ(ref::load_all(x), (Doubles{-2, 1}));
}

TEST(ReferenceSoftmax, ByHand) {
  Workspace w;
  const double infinity = std::numeric_limits<double>::infinity();
  const Softmax args{.x = w.make(DType::f64, {2, 3}, {0, std::log(2.0), std::log(5.0), 1000, -infinity, 1000}),
                     .y = w.place(DType::f64, {2, 3})};
  run_reference(args);
  const Doubles expected{0.125, 0.25, 0.625, 0.5, 0, 0.5}, y = ref::load_all(args.y);
  for (std::size_t i = 0; i < y.size(); ++i) EXPECT_NEAR(y[i], expected[i], 1e-15);
}

}  // namespace
}  // namespace candor::test
