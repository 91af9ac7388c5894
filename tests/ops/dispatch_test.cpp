// What Dispatch and DispatchPlan say about a call: the row, the precision that it really has, and dry runs.
#include "ops/dispatch.h"

#include <gmock/gmock.h>

#include "candor/machine.h"
#include "candor/receipt.h"
#include "tests/ops/tensors.h"

namespace candor::test {
namespace {

using enum DType;
using ops::DispatchPlan;
using testing::HasSubstr;

constexpr OpOptions kReference{.policy = {.allow_reference = true}};

// The reference sums in f64, whatever was asked for, and says so.
TEST(Dispatch, ReferenceIsRecordedAsF64) {
  const Tensor x = Tensor::zeros({2, 4}, f64), weight = Tensor::zeros({3, 4}, f64), scale = Tensor::zeros({4}, f64);
  Recorder recorder;
  matmul(x, weight, {}, kReference);
  rms_norm(x, scale, 1e-5f, kReference);
  unary(UnaryKind::exp, x, {.out = bf16, .policy = {.allow_reference = true}});
  recorder.stop();
  ASSERT_EQ(recorder.kernels().size(), 3u);
  for (const KernelEntry& entry : recorder.kernels()) {
    EXPECT_EQ(entry.instruction_class, "f64-loop");
    EXPECT_EQ(
        entry.precision,
        (Precision{.a = f64, .b = f64, .out = entry.op == "unary" ? bf16 : f64, .compute = f64, .accumulate = f64}));
  }
}

TEST(Dispatch, DeviceRowsAreRecordedAsTheyAre) {
  const Tensor x = Tensor::zeros({2, 4}, bf16), weight = Tensor::zeros({3, 4}, bf16);
  Recorder recorder;
  matmul(x, weight, {}, kReference);
  contiguous(x.transpose(0, 1));
  recorder.stop();
  ASSERT_EQ(recorder.kernels().size(), 2u);
  EXPECT_EQ(recorder.kernels()[0].precision, (Precision{.a = bf16, .b = bf16, .out = bf16}));
  EXPECT_NE(recorder.kernels()[0].instruction_class, "f64-loop");
  EXPECT_EQ(recorder.kernels()[1].precision,
            (Precision{.a = bf16, .b = bf16, .out = bf16, .compute = any, .accumulate = any}));
}

TEST(DispatchPlan, NotesTheRowAndRunsNothing) {
  const Tensor x = counting({2, 5}), weight = counting({3, 5}), wide = Tensor::zeros({2, 5}, f64);
  const ledger::Allocations before = ledger::allocations();
  const DispatchPlan plan;
  EXPECT_TRUE(matmul(x, weight).is_shape_only());
  EXPECT_TRUE(softmax(wide, kReference).is_shape_only());
  EXPECT_TRUE(cast(x, bf16).is_shape_only());
  EXPECT_EQ(ledger::allocations(), before);
  ASSERT_EQ(plan.ops.size(), 3u);
  EXPECT_EQ(plan.ops[0].op, "matmul");
  EXPECT_EQ(plan.ops[0].detail, "f32[2, 5] f32[3, 5]");
  EXPECT_THAT(plan.ops[0].kernel, HasSubstr("cpu/matmul/"));
  EXPECT_EQ(plan.ops[0].instruction_class, "f32-fma-ftz");
  EXPECT_EQ(plan.ops[0].precision, (Precision{.a = f32, .b = f32, .out = f32}));
  EXPECT_EQ(plan.ops[1].kernel, "ref/softmax");
  EXPECT_EQ(plan.ops[1].isa, "any");
  EXPECT_EQ(plan.ops[1].precision, (Precision{.a = f64, .b = f64, .out = f64, .compute = f64, .accumulate = f64}));
  EXPECT_TRUE(plan.complete());
}

TEST(DispatchPlan, NotesWhatIsMissing) {
  const Tensor x = Tensor::shape_only({2, 5}, f64), weight = Tensor::shape_only({3, 5}, f64);
  const DispatchPlan plan;
  EXPECT_TRUE(matmul(x, weight).is_shape_only());
  EXPECT_FALSE(plan.complete());
  ASSERT_EQ(plan.ops.size(), 1u);
  EXPECT_THAT(plan.ops[0].missing, HasSubstr("matmul: no kernel on cpu"));
  EXPECT_EQ(plan.ops[0].kernel, "");
  EXPECT_EQ(plan.ops[0].precision, (Precision{.a = f64, .b = f64, .out = f64}));
}

TEST(DispatchPlan, TheInnerOneNotes) {
  const Tensor x = counting({2, 5});
  DispatchPlan outer;
  softmax(x);
  {
    const DispatchPlan inner;
    argmax(x);
    EXPECT_EQ(inner.ops.size(), 1u);
    EXPECT_EQ(DispatchPlan::current(), &inner);
  }
  unary(UnaryKind::exp, x);
  ASSERT_EQ(outer.ops.size(), 2u);
  EXPECT_EQ(outer.ops[1].op, "unary");
}

TEST(Dispatch, AShapeThatEveryRowRefuses) {
  const Tensor x = counting({5, 2}).transpose(0, 1), weight = counting({3, 5});
  try {
    matmul(x, weight);
    ADD_FAILURE() << "ran";
  } catch (const UnsupportedPrecision& error) {
    EXPECT_THAT(error.what(), HasSubstr("the kernel with this precision refuses: x must be contiguous along K"));
  }
}

}  // namespace
}  // namespace candor::test
