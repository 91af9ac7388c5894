#include "nn/kv_cache.h"

#include <gtest/gtest.h>

#include "candor/error.h"
#include "candor/ops.h"
#include "core/ledger.h"

namespace candor::nn {
namespace {

TEST(KvCacheShape, Bytes) {
  const KvCacheShape shape{.layers = 30, .capacity = 8192, .kv_heads = 3, .head_dim = 64, .dtype = DType::bf16};
  EXPECT_EQ(shape.bytes(), 2u * 30 * 8192 * 3 * 64 * 2);
  EXPECT_EQ((KvCacheShape{2, 5, 3, 4, DType::f32}.bytes()), 2u * 2 * 5 * 3 * 4 * 4);
  EXPECT_EQ((KvCacheShape{2, 0, 3, 4, DType::f32}.bytes()), 0u);
}

TEST(KvCacheShape, BytesThatOverflow) {
  const std::int64_t large = std::int64_t{1} << 62;
  for (const KvCacheShape& shape :
       {KvCacheShape{30, large, 3, 64, DType::bf16}, KvCacheShape{large, large, large, large, DType::bf16},
        KvCacheShape{1, std::int64_t{1} << 40, 1 << 10, 1 << 10, DType::f32}}) {
    try {
      shape.bytes();
      ADD_FAILURE() << "no error";
    } catch (const ValueError& error) {
      EXPECT_EQ(std::string(error.what()), "KV cache: " + std::to_string(shape.layers) + " layers of " +
                                               std::to_string(shape.capacity) +
                                               " positions do not fit an address space; ask for a smaller context");
    }
  }
}

TEST(KvCache, HoldsWhatWasWritten) {
  const KvCacheShape shape{.layers = 2, .capacity = 4, .kv_heads = 1, .head_dim = 2, .dtype = DType::f32};
  const ledger::Allocations before = ledger::allocations();
  KvCache cache(shape);
  EXPECT_EQ(ledger::allocations().bytes - before.bytes, shape.bytes());
  const auto rows = [](std::vector<float> values) {
    return Tensor::from_f32(values, {static_cast<std::int64_t>(values.size() / 2), 1, 2});
  };
  cache.write(1, 0, rows({1, 2, 3, 4}), rows({5, 6, 7, 8}));
  cache.write(1, 2, rows({9, 10}), rows({11, 12}));
  EXPECT_EQ(cache.keys(1, 3).to_f32(), (std::vector<float>{1, 2, 3, 4, 9, 10}));
  EXPECT_EQ(cache.values(1, 3).to_f32(), (std::vector<float>{5, 6, 7, 8, 11, 12}));
  EXPECT_EQ(cache.keys(1, 2).data(), cache.keys(1, 3).data());  // views, no copies
  EXPECT_THROW(cache.write(1, 3, rows({1, 2, 3, 4}), rows({1, 2, 3, 4})), ShapeError);
  EXPECT_THROW(cache.write(1, 0, cast(rows({1, 2}), DType::bf16), rows({1, 2})), DTypeError);
}

TEST(KvCache, ShapeOnlyTakesNothing) {
  const ledger::Allocations before = ledger::allocations();
  KvCache cache = KvCache::shape_only({.layers = 30, .capacity = 1 << 20, .kv_heads = 8, .head_dim = 128});
  const Tensor k = Tensor::shape_only({5, 8, 128}, DType::bf16);
  cache.write(29, 7, k, k);
  EXPECT_EQ(cache.values(29, 12).shape(), (Shape{12, 8, 128}));
  EXPECT_EQ(ledger::allocations(), before);
}

}  // namespace
}  // namespace candor::nn
