// ExecPolicy::allow_upcast: what it casts, what it calls it, and that it casts nothing before a refusal.
#include <gmock/gmock.h>

#include "candor/receipt.h"
#include "ops/plan.h"
#include "tests/ops/tensors.h"

namespace candor::test {
namespace {

using enum DType;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;
using testing::UnorderedElementsAre;

constexpr OpOptions kUpcast{.policy = {.allow_upcast = true}};

OpOptions upcast_to(DType out) { return {.out = out, .policy = {.allow_upcast = true}}; }

struct Seen {
  std::vector<std::pair<DType, DType>> casts;
  std::vector<std::string> ops;  // but cast
};

// Runs `call` and requires that all of its casts have the policy's reason.
Seen watch(const std::function<void()>& call) {
  Recorder recorder;
  call();
  recorder.stop();
  Seen seen;
  for (const CastEntry& entry : recorder.casts()) {
    EXPECT_EQ(entry.reason, "policy: allow-upcast");
    seen.casts.emplace_back(entry.from, entry.to);
  }
  for (const KernelEntry& entry : recorder.kernels())
    if (entry.op != "cast") seen.ops.push_back(entry.op);
  return seen;
}

using Casts = std::vector<std::pair<DType, DType>>;

TEST(Upcast, MatmulRunsInF32) {
  const Tensor x = integers_of({3, 8}, 1, f16), weight = integers_of({4, 8}, 2, bf16);
  EXPECT_THROW(matmul(x, weight), UnsupportedPrecision);
  Tensor y;
  const Seen seen = watch([&] { y = matmul(x, weight, {}, kUpcast); });
  EXPECT_THAT(seen.casts, UnorderedElementsAre(Pair(f16, f32), Pair(bf16, f32), Pair(f32, f16)));
  EXPECT_EQ(y.dtype(), f16);
  EXPECT_EQ(doubles(y), doubles(matmul(cast(x, f32), cast(weight, f32))));
}

TEST(Upcast, CastsOnlyWhatIsNarrower) {
  const Tensor x = integers_of({3, 8}, 1, f16), packed = pack_tiles(integers_of({16, 8}, 2, bf16)), z = counting({8}),
               half = counting({8}, bf16);
  EXPECT_EQ(watch([&] { matmul(x, packed, {}, kUpcast); }).casts, (Casts{{f16, f32}, {f32, f16}}));
  EXPECT_EQ(watch([&] { add(z, half, kUpcast); }).casts, (Casts{{bf16, f32}}));
}

TEST(Upcast, NothingWhenTheRowExists) {
  const Tensor x = integers_of({3, 8}, 1, bf16), weight = integers_of({4, 8}, 2, bf16);
  EXPECT_TRUE(watch([&] { matmul(x, weight, {}, kUpcast); }).casts.empty());
}

TEST(Upcast, EveryOpThatHasThePolicy) {
  const Tensor x = integers_of({4, 8}, 1, f16), wb = integers_of({4, 8}, 2, bf16), scale = integers_of({8}, 3, bf16),
               q = integers_of({2, 2, 4}, 4, f16), kv = integers_of({3, 1, 4}, 5, bf16), table = counting({2, 2}),
               wide = counting({4, 8});
  const auto ops = [](const std::function<void()>& call) { return watch(call).ops; };
  using Ops = std::vector<std::string>;
  EXPECT_EQ(ops([&] { unary(UnaryKind::neg, x, upcast_to(f32)); }), Ops{"unary"});
  EXPECT_EQ(ops([&] { add(x, wb, kUpcast); }), Ops{"binary"});
  EXPECT_EQ(ops([&] { qkv_projection(x, wb, wb, wb, {}, {}, {}, kUpcast); }), Ops{"matmul"});
  EXPECT_EQ(ops([&] { gated_linear(x, wb, wb, Activation::silu, {}, {}, kUpcast); }), Ops{"gated_linear"});
  EXPECT_EQ(ops([&] { rms_norm(x, scale, 1e-5f, kUpcast); }), Ops{"rms_norm"});
  EXPECT_EQ(ops([&] { layer_norm(x, scale, scale, 1e-5f, kUpcast); }), Ops{"layer_norm"});
  EXPECT_EQ(ops([&] { softmax(wide, upcast_to(bf16)); }), Ops{"softmax"});
  EXPECT_EQ(ops([&] { rope(q, table, table, RopeStyle::half_split, upcast_to(f32)); }), Ops{"rope"});
  EXPECT_EQ(ops([&] { attention(q, kv, kv, {.op = kUpcast}); }), Ops{"attention"});
}

TEST(Upcast, NormWithAResidual) {
  const Tensor x = integers_of({2, 4}, 1, f16), residual = integers_of({2, 4}, 2, f16),
               scale = of({4}, {1, 1, 2, 2}, bf16);
  const auto [y, sum] = rms_norm_residual(x, residual, scale, 1e-5f, kUpcast);
  EXPECT_EQ(y.dtype(), f16);
  EXPECT_EQ(sum.dtype(), f16);
  EXPECT_EQ(doubles(sum), doubles(add(x, residual)));
  expect_near(y, doubles(rms_norm(cast(sum, f32), cast(scale, f32))), 2e-3);
}

// The text names what was asked for, and neither memory nor casts were spent on finding out.
TEST(Upcast, RefusesBeforeItCasts) {
  const Tensor x16 = integers_of({2, 8}, 1, f16), wb = integers_of({4, 8}, 2, bf16), x64 = Tensor::zeros({2, 8}, f64),
               w64 = Tensor::zeros({4, 8}, f64), whole = Tensor::zeros({2, 8}, i32), scale = Tensor::zeros({8}, bf16);
  const auto refused = [](const std::string& asked, const std::function<void()>& call) {
    const ledger::Allocations before = ledger::allocations();
    Recorder recorder;
    try {
      call();
      ADD_FAILURE() << "ran: " << asked;
    } catch (const UnsupportedPrecision& error) {
      EXPECT_THAT(error.what(), HasSubstr(asked));
      EXPECT_THAT(error.what(), Not(HasSubstr("for a=f32")));
    }
    EXPECT_TRUE(recorder.casts().empty());
    EXPECT_TRUE(recorder.kernels().empty());
    EXPECT_EQ(ledger::allocations(), before);
  };
  const OpOptions sums{.accumulate = f64, .policy = {.allow_upcast = true}};
  refused("matmul: no kernel on cpu", [&] { matmul(x16, wb, {}, sums); });
  refused("for a=f16 b=bf16 out=f16 · compute=f32 · accumulate=f64", [&] { matmul(x16, wb, {}, sums); });
  refused("qkv_projection: no kernel", [&] { qkv_projection(x16, wb, wb, wb, {}, {}, {}, sums); });
  refused("gated_linear: no kernel", [&] { gated_linear(x16, wb, wb, Activation::silu, {}, {}, sums); });
  refused("rms_norm: no kernel", [&] { rms_norm(x16, scale, 1e-5f, sums); });
  refused("layer_norm: no kernel", [&] { layer_norm(x16, scale, {}, 1e-5f, sums); });
  refused("softmax: no kernel", [&] { softmax(x16, sums); });
  refused("binary: no kernel", [&] { add(x16, scale, sums); });
  refused("a=f64 b=f64 out=f64", [&] { matmul(x64, w64, {}, kUpcast); });  // f32 would be narrower
  refused("a=i32 b=i32 out=i32", [&] { unary(UnaryKind::neg, whole, kUpcast); });
  refused("out=i32", [&] { unary(UnaryKind::neg, x16, upcast_to(i32)); });  // the result cannot be cast back
}

TEST(Upcast, ShowsInAPlan) {
  const Tensor x = Tensor::shape_only({3, 8}, f16), weight = Tensor::shape_only({4, 8}, bf16);
  const ops::DispatchPlan plan;
  EXPECT_EQ(matmul(x, weight, {}, kUpcast).dtype(), f16);
  std::vector<std::string> ops;
  for (const ops::PlannedOp& op : plan.ops) ops.push_back(op.op);
  EXPECT_EQ(ops, (std::vector<std::string>{"cast", "cast", "matmul", "cast"}));
  EXPECT_TRUE(plan.complete());
}

TEST(Upcast, GoesBeforeTheReference) {
  const Tensor x = integers_of({3, 8}, 1, f16), weight = integers_of({4, 8}, 2, bf16), x64 = Tensor::zeros({2, 8}, f64);
  const OpOptions both{.policy = {.allow_upcast = true, .allow_reference = true}};
  EXPECT_FALSE(watch([&] { matmul(x, weight, {}, both); }).casts.empty());
  EXPECT_TRUE(watch([&] { softmax(x64, both); }).casts.empty());  // f64 has only the reference
}

}  // namespace
}  // namespace candor::test
