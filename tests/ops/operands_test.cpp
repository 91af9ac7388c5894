// What every op does with operands of an unusual kind: packed tiles, and no elements at all.
#include "tests/ops/tensors.h"

namespace candor::test {
namespace {

using enum DType;

std::string packed_text(const std::string& op, const std::string& operand) {
  return op + ": the operand " + operand +
         " is packed; only matmul, qkv_projection, gated_linear (as weights) and embedding (as table) read packed "
         "tensors, give the one that pack_tiles was given";
}

// Read as row-major it would give wrong numbers without a word.
TEST(Packed, RefusedWhereStridesAreNeeded) {
  const Tensor plain = counting({16, 8}), packed = pack_tiles(plain), weight = counting({8}),
               column = counting({16, 1}), three = counting({16, 1, 16}), half = pack_tiles(counting({16, 8}, bf16));
  Tensor y = counting({16, 8}), y_packed = pack_tiles(plain);
  const std::vector<std::pair<std::string, std::function<void(const OpOptions&)>>> calls = {
      {"cast", [&](const OpOptions&) { cast(packed, bf16); }},
      {"copy", [&](const OpOptions&) { contiguous(packed); }},
      {"copy", [&](const OpOptions&) { copy_into(y, packed); }},
      {"copy", [&](const OpOptions&) { copy_into(y_packed, plain); }},
      {"unary", [&](const OpOptions& o) { unary(UnaryKind::exp, packed, o); }},
      {"binary", [&](const OpOptions& o) { add(packed, plain, o); }},
      {"binary", [&](const OpOptions& o) { add(plain, packed, o); }},
      {"pack_tiles", [&](const OpOptions&) { pack_tiles(packed); }},
      {"matmul", [&](const OpOptions& o) { matmul(packed, plain, {}, o); }},
      {"qkv_projection", [&](const OpOptions& o) { qkv_projection(packed, plain, plain, plain, {}, {}, {}, o); }},
      {"gated_linear", [&](const OpOptions& o) { gated_linear(packed, plain, plain, Activation::silu, {}, {}, o); }},
      {"rms_norm", [&](const OpOptions& o) { rms_norm(packed, weight, 1e-5f, o); }},
      {"rms_norm", [&](const OpOptions& o) { rms_norm_residual(plain, packed, weight, 1e-5f, o); }},
      {"layer_norm", [&](const OpOptions& o) { layer_norm(packed, weight, weight, 1e-5f, o); }},
      {"layer_norm", [&](const OpOptions& o) { layer_norm_residual(plain, packed, weight, {}, 1e-5f, o); }},
      {"softmax", [&](const OpOptions& o) { softmax(packed, o); }},
      {"rope", [&](const OpOptions& o) { rope(three, packed, plain, RopeStyle::half_split, o); }},
      {"rope", [&](const OpOptions& o) { rope(three, plain, packed, RopeStyle::half_split, o); }},
      {"argmax", [&](const OpOptions&) { argmax(packed); }},
      {"top_k", [&](const OpOptions&) { top_k(packed, 2); }},
  };
  for (const auto& [op, call] : calls)
    for (const ExecPolicy& policy : {ExecPolicy{}, ExecPolicy{.allow_upcast = true, .allow_reference = true}})
      expect_error<ShapeError>(packed_text(op, "f32[16, 8]"), [&] { call({.policy = policy}); });
  expect_error<ShapeError>(packed_text("unary", "bf16[16, 8]"), [&] { unary(UnaryKind::exp, half); });
  expect_error<ShapeError>("attention: q [16, 8] must be [B, T, H, D] or [T, H, D]",
                           [&] { attention(packed, three, three); });
}

TEST(Packed, AcceptedAsWeightsAndTables) {
  const Tensor plain = counting({16, 8}), packed = pack_tiles(plain), x = counting({2, 8}),
               ids = Tensor::from_i32(std::vector<std::int32_t>{15}, {1});
  EXPECT_EQ(doubles(matmul(x, packed)), doubles(matmul(x, plain)));
  EXPECT_EQ(doubles(qkv_projection(x, packed, plain, packed).v), doubles(matmul(x, plain)));
  EXPECT_EQ(doubles(gated_linear(x, packed, packed, Activation::silu)),
            doubles(gated_linear(x, plain, plain, Activation::silu)));
  EXPECT_EQ(doubles(embedding(packed, ids)), doubles(plain.select(0, 15)));
}

// Ways to have no elements: made so, cut so, and cut so that leading dimensions could not be merged.
std::vector<Tensor> empties() {
  const Tensor full = counting({2, 3, 4});
  return {Tensor::empty({2, 0, 4}, f32), full.slice(1, 2, 2), counting({2, 5, 3, 4}).slice(1, 1, 3).slice(0, 1, 1),
          full.transpose(0, 1).slice(0, 1, 1)};
}

TEST(Empty, RankThreeThroughTheOps) {
  for (const Tensor& x : empties()) {
    const Tensor weight = counting({4}), table = Tensor::empty({x.shape()[0], 2}, f32);
    for (const Tensor& y :
         {cast(x, bf16), contiguous(x), unary(UnaryKind::exp, x), add(x, weight), softmax(x), rms_norm(x, weight),
          layer_norm(x, weight, weight), rms_norm_residual(x, x, weight).second}) {
      EXPECT_EQ(y.shape(), x.shape());
      EXPECT_EQ(y.elements(), 0);
    }
    std::vector<std::int64_t> dims(x.shape().dims().begin(), x.shape().dims().end());
    dims.back() = 7;
    EXPECT_EQ(matmul(x, counting({7, 4})).shape(), Shape(std::span<const std::int64_t>(dims)));
    dims.back() = 2;
    EXPECT_EQ(top_k(x, 2).first.shape(), Shape(std::span<const std::int64_t>(dims)));
    dims.pop_back();
    EXPECT_EQ(argmax(x).shape(), Shape(std::span<const std::int64_t>(dims)));
    Tensor y = Tensor::empty(x.shape(), f32);
    copy_into(y, x);
    if (x.shape().rank() == 3) {
      EXPECT_EQ(rope(x, table, table, RopeStyle::half_split).shape(), x.shape());
    }
  }
}

TEST(Empty, ASumOverNothingIsTheBias) {
  EXPECT_EQ(doubles(matmul(Tensor::empty({2, 0}, f32), Tensor::empty({3, 0}, f32))), Doubles(6, 0.0));
  EXPECT_EQ(doubles(matmul(Tensor::empty({2, 0}, f32), Tensor::empty({3, 0}, f32), of({3}, {1, 2, 3}))),
            (Doubles{1, 2, 3, 1, 2, 3}));
  EXPECT_EQ(softmax(Tensor::empty({2, 3, 0}, f32)).shape(), (Shape{2, 3, 0}));
  EXPECT_EQ(rms_norm(Tensor::empty({2, 3, 0}, bf16), Tensor::empty({0}, bf16)).shape(), (Shape{2, 3, 0}));
}

}  // namespace
}  // namespace candor::test
