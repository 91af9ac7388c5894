// attention and rope through ops.h.
#include <algorithm>
#include <cmath>

#include "tests/ops/tensors.h"

namespace candor::test {
namespace {

using enum DType;

struct Extents {
  std::int64_t b, t, s, h, kv, d;
};

// Scores, softmax and weighted values of one query after the other, in f64.
Doubles attention_of(const Extents& e, const Doubles& q, const Doubles& k, const Doubles& v, double scale,
                     bool causal) {
  const auto at = [](const Doubles& x, std::int64_t index) { return x[static_cast<std::size_t>(index)]; };
  Doubles y(q.size(), 0.0);
  for (std::int64_t row = 0; row < e.b * e.t * e.h; ++row) {
    const std::int64_t h = row % e.h, t = row / e.h % e.t, b = row / e.h / e.t;
    const std::int64_t seen = causal ? e.s - e.t + t + 1 : e.s;
    const auto key = [&](std::int64_t s) { return ((b * e.s + s) * e.kv + h / (e.h / e.kv)) * e.d; };
    Doubles weight(static_cast<std::size_t>(seen));
    double sum = 0;
    for (std::int64_t s = 0; s < seen; ++s) {
      double score = 0;
      for (std::int64_t d = 0; d < e.d; ++d) score += at(q, row * e.d + d) * at(k, key(s) + d);
      sum += weight[static_cast<std::size_t>(s)] = std::exp(score * scale);
    }
    for (std::int64_t s = 0; s < seen; ++s)
      for (std::int64_t d = 0; d < e.d; ++d)
        y[static_cast<std::size_t>(row * e.d + d)] += at(weight, s) / sum * at(v, key(s) + d);
  }
  return y;
}

TEST(Attention, EqualsItsFormula) {
  for (const Extents& e : {Extents{2, 3, 5, 4, 2, 8}, Extents{1, 1, 7, 2, 2, 6}, Extents{1, 4, 4, 3, 1, 2}}) {
    const Tensor q = of({e.b, e.t, e.h, e.d}, normal(e.b * e.t * e.h * e.d, 1)),
                 k = of({e.b, e.s, e.kv, e.d}, normal(e.b * e.s * e.kv * e.d, 2)),
                 v = of({e.b, e.s, e.kv, e.d}, normal(e.b * e.s * e.kv * e.d, 3));
    const double scale = 1 / std::sqrt(static_cast<double>(e.d));
    for (const bool causal : {true, false})
      expect_near(attention(q, k, v, {.causal = causal}),
                  attention_of(e, doubles(q), doubles(k), doubles(v), scale, causal), 2e-6);
    expect_near(attention(q, k, v, {.scale = 0.5f}), attention_of(e, doubles(q), doubles(k), doubles(v), 0.5, true),
                2e-6);
  }
}

TEST(Attention, RankThreeIsABatchOfOne) {
  const Tensor q = of({3, 4, 8}, normal(96, 1)), k = of({5, 2, 8}, normal(80, 2)), v = of({5, 2, 8}, normal(80, 3));
  const Tensor y = attention(q, k, v);
  EXPECT_EQ(y.shape(), (Shape{3, 4, 8}));
  const Tensor batched = attention(q.reshape({1, 3, 4, 8}), k.reshape({1, 5, 2, 8}), v.reshape({1, 5, 2, 8}));
  EXPECT_EQ(batched.shape(), (Shape{1, 3, 4, 8}));
  EXPECT_EQ(doubles(y), doubles(batched));
}

TEST(Attention, OfViews) {
  const Tensor cache = of({9, 2, 8}, normal(144, 2)), wide = of({3, 4, 12}, normal(144, 1));
  const Tensor q = wide.slice(2, 4, 12), k = cache.slice(0, 2, 7), v = cache.slice(0, 4, 9);
  expect_near(attention(q, k, v),
              attention_of({1, 3, 5, 4, 2, 8}, doubles(q), doubles(k), doubles(v), 1 / std::sqrt(8.0), true), 2e-6);
}

TEST(Attention, Errors) {
  const Tensor q = counting({3, 4, 8}), k = counting({5, 2, 8}), flat = counting({3, 4}), odd_q = counting({3, 4, 7}),
               odd_k = counting({5, 2, 7}), short_k = counting({2, 2, 8}), three = counting({5, 3, 8}),
               half = counting({5, 2, 8}, bf16), two = counting({2, 5, 2, 8}), none = Tensor::empty({0, 2, 8}, f32);
  const std::string shapes = "q [3, 4, 8], k [5, 2, 8], v ";
  expect_error<ShapeError>("attention: q [3, 4] must be [B, T, H, D] or [T, H, D]", [&] { attention(flat, k, k); });
  expect_error<ShapeError>("attention: k and v must have the same shape: " + shapes + "[2, 2, 8]",
                           [&] { attention(q, k, short_k); });
  expect_error<ShapeError>("attention: batch sizes differ: q [3, 4, 8], k [2, 5, 2, 8], v [2, 5, 2, 8]",
                           [&] { attention(q, two, two); });
  expect_error<ShapeError>("attention: head dims differ: q [3, 4, 8], k [5, 2, 7], v [5, 2, 7]",
                           [&] { attention(q, odd_k, odd_k); });
  expect_error<ShapeError>("attention: head dim must be even: q [3, 4, 7], k [5, 2, 7], v [5, 2, 7]",
                           [&] { attention(odd_q, odd_k, odd_k); });
  expect_error<ShapeError>(
      "attention: query heads must be a multiple of key/value heads: q [3, 4, 8], k [5, 3, 8], v [5, 3, 8]",
      [&] { attention(q, three, three); });
  expect_error<ShapeError>(
      "attention: causal needs at least as many keys as queries: q [3, 4, 8], k [2, 2, 8], v [2, 2, 8]",
      [&] { attention(q, short_k, short_k); });
  expect_error<ShapeError>("attention: there must be at least one key: q [3, 4, 8], k [0, 2, 8], v [0, 2, 8]", [&] {
    attention(q, none, none, {.causal = false, .op = {.policy = {.allow_reference = true}}});
  });
  expect_error<DTypeError>("attention: k is f32, v is bf16; use one dtype for both", [&] { attention(q, k, half); });
}

// x [T, H, D] rotated by angles [T, R], elements past 2R as they are.
Doubles rope_of(const Doubles& x, const Doubles& angles, std::size_t heads, std::size_t d, std::size_t r,
                RopeStyle style) {
  Doubles y = x;
  for (std::size_t row = 0; row * d < x.size(); ++row)
    for (std::size_t i = 0; i < r; ++i) {
      const double angle = angles[row / heads * r + i];
      const std::size_t first = row * d + (style == RopeStyle::half_split ? i : 2 * i),
                        second = first + (style == RopeStyle::half_split ? r : 1);
      y[first] = x[first] * std::cos(angle) - x[second] * std::sin(angle);
      y[second] = x[second] * std::cos(angle) + x[first] * std::sin(angle);
    }
  return y;
}

TEST(Rope, RotatesPairs) {
  const Doubles angles = uniform(6, 1, -3.0, 3.0);
  Doubles cosines, sines;
  for (const double angle : angles) {
    cosines.push_back(std::cos(angle));
    sines.push_back(std::sin(angle));
  }
  const Tensor x = of({2, 2, 8}, uniform(32, 2)), cos = of({2, 3}, cosines), sin = of({2, 3}, sines);
  for (const RopeStyle style : {RopeStyle::half_split, RopeStyle::interleaved}) {
    expect_near(rope(x, cos, sin, style), rope_of(doubles(x), angles, 2, 8, 3, style), 1e-6);
    const Tensor heads = of({2, 3, 8}, uniform(48, 3)).slice(1, 1, 3);
    expect_near(rope(heads, cos, sin, style), rope_of(doubles(heads), angles, 2, 8, 3, style), 1e-6);
  }
}

TEST(Rope, Errors) {
  const Tensor x = counting({2, 2, 8}), flat = counting({2, 8}), table = counting({2, 4}), wide = counting({2, 5}),
               tall = counting({3, 4}), half = counting({2, 4}, bf16);
  const auto run = [](const Tensor& rows, const Tensor& cos, const Tensor& sin) {
    rope(rows, cos, sin, RopeStyle::half_split);
  };
  const auto bad = [](const std::string& cos, const std::string& sin) {
    return "rope: tables " + cos + " and " + sin + " must be [T, R] with R <= D/2 for x [2, 2, 8]";
  };
  expect_error<ShapeError>("rope: x [2, 8] must be [T, H, D]", [&] { run(flat, table, table); });
  expect_error<ShapeError>(bad("[2, 5]", "[2, 5]"), [&] { run(x, wide, wide); });
  expect_error<ShapeError>(bad("[3, 4]", "[3, 4]"), [&] { run(x, tall, tall); });
  expect_error<ShapeError>(bad("[2, 4]", "[2, 5]"), [&] { run(x, table, wide); });
  expect_error<DTypeError>("rope: tables are f32 and bf16; both must be f32", [&] { run(x, table, half); });
}

TEST(Attention, ShapeOnlyInShapeOnlyOut) {
  const Tensor q = Tensor::shape_only({3, 4, 8}, bf16), k = Tensor::shape_only({5, 2, 8}, bf16),
               table = Tensor::shape_only({3, 4}, f32);
  const ledger::Allocations before = ledger::allocations();
  EXPECT_EQ(attention(q, k, k).shape(), q.shape());
  EXPECT_TRUE(attention(q, k, k).is_shape_only());
  EXPECT_TRUE(rope(q, table, table, RopeStyle::half_split).is_shape_only());
  EXPECT_EQ(ledger::allocations(), before);
}

}  // namespace
}  // namespace candor::test
