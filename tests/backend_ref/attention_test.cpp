// attention, against values worked out by hand.
#include <gtest/gtest.h>

#include <cmath>

#include "backend_ref/run.h"
#include "support/operand.h"

namespace candor::test {
namespace {

TEST(ReferenceAttention, WeightsByHand) {
  Workspace w;  // scores 0 and log 3: weights 1/4 and 3/4
  const Attention args{.q = w.make(DType::f64, {1, 1, 1, 2}, {std::log(3.0), 0}),
                       .k = w.make(DType::f64, {1, 2, 1, 2}, {0, 7, 1, 7}),
                       .v = w.make(DType::f64, {1, 2, 1, 2}, {4, 0, 8, -4}), .y = w.place(DType::f64, {1, 1, 1, 2}),
                       .scale = 1.0f, .causal = true};
  run_reference(args);
  EXPECT_NEAR(ref::load_all(args.y)[0], 7.0, 1e-14);
  EXPECT_NEAR(ref::load_all(args.y)[1], -3.0, 1e-14);
}

TEST(ReferenceAttention, CausalGroupedHeads) {
  Workspace w;  // q = 0: plain means over the visible keys. T = 2, S = 3: query 0 sees two keys, query 1 three.
  const Attention args{.q = w.make(DType::f32, {1, 2, 4, 2}, Doubles(16, 0.0)),
                       .k = w.make(DType::bf16, {1, 3, 2, 2}, Doubles(12, 1.0)),
                       .v = w.make(DType::bf16, {1, 3, 2, 2}, {2, 4, 20, 40, 6, 8, 60, 80, 1, 3, 10, 30}),
                       .y = w.place(DType::f64, {1, 2, 4, 2}), .scale = 0.5f, .causal = true};
  run_reference(args);
  const Doubles expected{4, 6, 4, 6, 40, 60, 40, 60, 3, 5, 3, 5, 30, 50, 30, 50}, y = ref::load_all(args.y);
  for (std::size_t i = 0; i < y.size(); ++i) EXPECT_NEAR(y[i], expected[i], 1e-14) << i;
}

}  // namespace
}  // namespace candor::test
