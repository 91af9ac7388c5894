// embedding, argmax and top_k through ops.h.
#include <cmath>
#include <cstring>

#include "core/storage.h"
#include "tests/ops/tensors.h"

namespace candor::test {
namespace {

using enum DType;

Tensor ids_of(const std::vector<std::int32_t>& ids) {
  return Tensor::from_i32(ids, {static_cast<std::int64_t>(ids.size())});
}

std::vector<std::int32_t> indices_of(const Tensor& x) {
  const auto* first = x.data_as<std::int32_t>();
  return {first, first + x.elements()};
}

TEST(Embedding, TakesRows) {
  const Tensor table = counting({5, 3}), y = embedding(table, ids_of({4, 0, 4}));
  EXPECT_EQ(y.shape(), (Shape{3, 3}));
  EXPECT_EQ(doubles(y), (Doubles{12, 13, 14, 0, 1, 2, 12, 13, 14}));
  const Tensor packed = pack_tiles(cast(table, bf16));
  EXPECT_EQ(doubles(embedding(packed, ids_of({3}), {.out = f32})), (Doubles{9, 10, 11}));
  EXPECT_EQ(embedding(table, Tensor::empty({0}, i32)).shape(), (Shape{0, 3}));
}

// A column of a matrix of ids: what stands between its elements is neither checked nor used.
TEST(Embedding, IdsMayBeAView) {
  const Tensor table = counting({5, 2}), all = Tensor::from_i32(std::vector<std::int32_t>{1, 99, 3, -7, 4, 99}, {3, 2});
  EXPECT_EQ(doubles(embedding(table, all.select(1, 0))), (Doubles{2, 3, 6, 7, 8, 9}));
  const Tensor bad = all.select(1, 1);
  expect_error<ValueError>("embedding: id 99 at position 0 is outside [0, 5)", [&] { embedding(table, bad); });
  const Tensor last = Tensor::from_i32(std::vector<std::int32_t>{1, 0, 2, 0, 77, 0}, {3, 2}).select(1, 0);
  expect_error<ValueError>("embedding: id 77 at position 2 is outside [0, 5)", [&] { embedding(table, last); });
}

// Tensor::from_storage takes any offset.
TEST(Embedding, IdsMayLieAtAnOddAddress) {
  const std::int32_t ids[] = {4, 5};
  const auto storage = Storage::allocate(64, i32);
  std::memcpy(storage->writable() + 1, ids, sizeof ids);
  const Tensor odd = Tensor::from_storage(storage, 1, {2}, i32);
  const Tensor table = counting({6, 2}), short_table = counting({5, 2});
  EXPECT_EQ(doubles(embedding(table, odd)), (Doubles{8, 9, 10, 11}));
  expect_error<ValueError>("embedding: id 5 at position 1 is outside [0, 5)", [&] { embedding(short_table, odd); });
}

TEST(Embedding, Errors) {
  const Tensor table = counting({5, 3}), ids = ids_of({1, -1}), flat = counting({5}), floats = counting({2}),
               square = Tensor::from_i32(std::vector<std::int32_t>{0, 0}, {1, 2});
  expect_error<ShapeError>("embedding: table [5] must be [V, C] and ids [2] must be [T]",
                           [&] { embedding(flat, ids); });
  expect_error<ShapeError>("embedding: table [5, 3] must be [V, C] and ids [1, 2] must be [T]",
                           [&] { embedding(table, square); });
  expect_error<DTypeError>("embedding: ids are f32; they must be i32", [&] { embedding(table, floats); });
  expect_error<ValueError>("embedding: id -1 at position 1 is outside [0, 5)", [&] { embedding(table, ids); });
}

TEST(Argmax, LowestIndexAmongEquals) {
  const Tensor x = of({2, 2, 3}, {1, 5, 5, -2, -1, -3, 0, 0, 0, 9, 8, 9});
  EXPECT_EQ(argmax(x).shape(), (Shape{2, 2}));
  EXPECT_EQ(indices_of(argmax(x)), (std::vector<std::int32_t>{1, 1, 0, 0}));
  EXPECT_EQ(indices_of(argmax(cast(x, bf16))), indices_of(argmax(x)));
  EXPECT_EQ(argmax(x.select(0, 0).select(0, 0)).shape(), (Shape{}));
  EXPECT_EQ(indices_of(argmax(of({2, 4}, {9, 1, 2, 9, 9, 7, 5, 9}).slice(1, 1, 3))), (std::vector<std::int32_t>{1, 0}));
}

TEST(TopK, FallsAndKeepsOrderAmongEquals) {
  const Tensor x = of({2, 5}, {3, 7, 7, 1, 9, 0, -1, 0, -1, 0});
  const auto [values, indices] = top_k(x, 3);
  EXPECT_EQ(values.shape(), (Shape{2, 3}));
  EXPECT_EQ(doubles(values), (Doubles{9, 7, 7, 0, 0, 0}));
  EXPECT_EQ(indices_of(indices), (std::vector<std::int32_t>{4, 1, 2, 0, 2, 4}));
  EXPECT_EQ(top_k(of({4}, {1, 2, 3, 4}), 4).first.shape(), (Shape{4}));
}

TEST(Selection, NaNRanksAboveEveryNumber) {
  for (const DType dtype : {f32, bf16, f16}) {
    const Tensor x = of({2, 4}, {1, NAN, INFINITY, NAN, -1, INFINITY, -NAN, 2}, dtype);
    EXPECT_EQ(indices_of(argmax(x)), (std::vector<std::int32_t>{1, 2})) << dtype_name(dtype);
    EXPECT_EQ(indices_of(top_k(x, 3).second), (std::vector<std::int32_t>{1, 3, 2, 2, 1, 3})) << dtype_name(dtype);
  }
}

TEST(Selection, Errors) {
  const Tensor x = counting({2, 3}), empty = Tensor::empty({2, 0}, f32), scalar = of(Shape{}, {1});
  expect_error<ValueError>("argmax: x [2, 0] needs a last dimension of at least 1", [&] { argmax(empty); });
  expect_error<ValueError>("argmax: x [] needs a last dimension of at least 1", [&] { argmax(scalar); });
  for (const std::int64_t k : {0, 4})
    expect_error<ValueError>("top_k: k = " + std::to_string(k) + " must lie in [1, last dimension of x [2, 3]]",
                             [&] { top_k(x, k); });
}

TEST(Selection, ShapeOnlyInShapeOnlyOut) {
  const Tensor x = Tensor::shape_only({2, 7}, bf16), ids = Tensor::shape_only({4}, i32);
  const ledger::Allocations before = ledger::allocations();
  EXPECT_TRUE(argmax(x).is_shape_only());
  EXPECT_TRUE(top_k(x, 2).second.is_shape_only());
  EXPECT_EQ(embedding(x, ids).shape(), (Shape{4, 7}));
  EXPECT_EQ(ledger::allocations(), before);
}

}  // namespace
}  // namespace candor::test
