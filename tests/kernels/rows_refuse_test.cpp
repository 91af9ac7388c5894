// What has no row is refused before anything is allocated, with the op, the precision, the nearest row and the place in
// the matrix.
#include <gtest/gtest.h>

#include <functional>

#include "candor/error.h"
#include "candor/ops.h"
#include "core/ledger.h"
#include "kernels/registry.h"

namespace candor::test {
namespace {

using enum DType;

void expect_refused(const std::string& op, const std::string& precision, const std::function<void()>& call) {
  const ledger::Allocations before = ledger::allocations();
  try {
    call();
    ADD_FAILURE() << op << " " << precision << " ran";
  } catch (const UnsupportedPrecision& error) {
    const std::string text = error.what();
    EXPECT_EQ(text.rfind(op + ": no kernel on ", 0), 0u) << text;
    EXPECT_NE(text.find(precision), std::string::npos) << text;
    EXPECT_NE(text.find("docs/precision-matrix.md#" + op), std::string::npos) << text;
    EXPECT_NE(text.find("closest on this device: "), std::string::npos) << text;
    EXPECT_NE(text.find("(cpu/"), std::string::npos) << "names no kernel: " << text;
  } catch (const std::exception& error) {
    ADD_FAILURE() << op << " " << precision << ": another error: " << error.what();
  }
  EXPECT_EQ(ledger::allocations(), before) << op << " " << precision << " allocated before it refused";
}

Tensor of(const Shape& shape, DType dtype) { return Tensor::zeros(shape, dtype); }

TEST(Refusals, DotFamily) {
  const Tensor x16 = of({2, 32}, f16), x32 = of({2, 32}, f32), xb = of({2, 32}, bf16), x64 = of({2, 32}, f64);
  const Tensor w32 = of({4, 32}, f32), wb = of({4, 32}, bf16), w16 = of({4, 32}, f16), w64 = of({4, 32}, f64);
  expect_refused("matmul", "a=f16 b=bf16 out=f16", [&] { matmul(x16, wb); });
  expect_refused("matmul", "a=f64 b=f64 out=f64", [&] { matmul(x64, w64); });
  expect_refused("matmul", "out=f16", [&] { matmul(x32, w16, {}, {.out = f16}); });
  expect_refused("matmul", "compute=bf16", [&] { matmul(xb, wb, {}, {.compute = bf16}); });
  expect_refused("matmul", "compute=tf32", [&] { matmul(x32, w32, {}, {.compute = tf32}); });
  expect_refused("matmul", "accumulate=f16", [&] { matmul(x16, w16, {}, {.accumulate = f16}); });
  expect_refused("matmul", "accumulate=f64", [&] { matmul(x32, wb, {}, {.accumulate = f64}); });
  expect_refused("qkv_projection", "a=f16 b=bf16", [&] { qkv_projection(x16, wb, wb, wb); });
  expect_refused("gated_linear", "a=f16 b=bf16", [&] { gated_linear(x16, wb, wb, Activation::silu); });
  expect_refused("pack_tiles", "a=f64", [&] { pack_tiles(w64); });
}

TEST(Refusals, Rows) {
  const Tensor x16 = of({2, 32}, f16), x64 = of({2, 32}, f64), wb = of({32}, bf16), w64 = of({32}, f64);
  const Tensor heads = of({2, 1, 4}, f64), tables = of({2, 2}, f32), q = of({1, 1, 2, 4}, f32),
               kv = of({1, 3, 1, 4}, f64);
  expect_refused("rms_norm", "a=f16 b=bf16", [&] { rms_norm(x16, wb); });
  expect_refused("rms_norm", "a=f64 b=f64", [&] { rms_norm(x64, w64); });
  expect_refused("layer_norm", "a=f16 b=bf16", [&] { layer_norm(x16, wb, {}); });
  expect_refused("softmax", "a=f64", [&] { softmax(x64); });
  expect_refused("rope", "a=f64", [&] { rope(heads, tables, tables, RopeStyle::half_split); });
  expect_refused("argmax", "a=f64", [&] { argmax(x64); });
  expect_refused("top_k", "a=f64", [&] { top_k(x64, 2); });
  expect_refused("attention", "b=f64", [&] { attention(q, kv, kv); });
}

TEST(Refusals, Elementwise) {
  const Tensor x = of({2, 32}, f32), x64 = of({2, 32}, f64), xb = of({2, 32}, bf16), x16 = of({2, 32}, f16);
  const Tensor ids = Tensor::from_i32(std::vector<std::int32_t>{0}, {1});
  expect_refused("unary", "a=f64", [&] { unary(UnaryKind::exp, x64); });
  expect_refused("unary", "out=f16", [&] { unary(UnaryKind::exp, x, {.out = f16}); });
  expect_refused("unary", "compute=bf16", [&] { unary(UnaryKind::exp, xb, {.compute = bf16}); });
  expect_refused("binary", "a=bf16 b=f16", [&] { add(xb, x16); });
  expect_refused("binary", "a=f64 b=f64", [&] { mul(x64, x64); });
  expect_refused("cast", "a=f32 b=f32 out=i32", [&] { cast(x, i32); });
  expect_refused("embedding", "a=f64", [&] { embedding(x64, ids); });
  expect_refused("fill", "a=u32", [&] { full({4}, u32, 1.0); });
}

// Over a grid of precisions with shape-only tensors: what a row has is accepted, everything else is refused.
TEST(Refusals, MatmulGridAgreesWithTheRows) {
  const Backend& device = installed_backends()[0];
  constexpr DType kDTypes[] = {f64, f32, f16, bf16, f8_e4m3, i8, q8_0, q4_0, q5_1, q4_k, q6_k};
  int accepted = 0, refused = 0;
  for (const DType a : kDTypes)
    for (const DType b : kDTypes)
      for (const DType out : {f32, f16, bf16, f64}) {
        const Precision precision{.a = a, .b = b, .out = out};
        bool has_row = false;
        for (const KernelRow& row : device.rows)
          has_row = has_row || (row.op == "matmul" && row.precision == precision && row.isa <= device.active_isa());
        const Tensor x = Tensor::shape_only({3, 256}, a), w = Tensor::shape_only({16, 256}, b);
        try {
          const Tensor y = matmul(x, w, {}, {.out = out});
          EXPECT_TRUE(has_row) << to_string(precision) << " has no row but ran";
          EXPECT_EQ(y.dtype(), out);
          ++accepted;
        } catch (const UnsupportedPrecision&) {
          EXPECT_FALSE(has_row) << to_string(precision) << " has a row but was refused";
          ++refused;
        }
      }
  EXPECT_GT(accepted, 10);
  EXPECT_GT(refused, 100);
}

TEST(Refusals, NoPolicyNoReference) {
  const Tensor x = of({2, 32}, f64), w = of({4, 32}, f64);
  EXPECT_THROW(matmul(x, w), UnsupportedPrecision);
  const Tensor y = matmul(x, w, {}, {.policy = {.allow_reference = true}});
  EXPECT_EQ(y.dtype(), f64);
}

}  // namespace
}  // namespace candor::test
