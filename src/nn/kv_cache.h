// Keys and values of the positions seen so far, one pair of tensors per layer.
#pragma once

#include <cstdint>
#include <vector>

#include "candor/tensor.h"

namespace candor::nn {

struct KvCacheShape {
  std::int64_t layers = 0, capacity = 0, kv_heads = 0, head_dim = 0;
  DType dtype = DType::bf16;

  /// Bytes of the whole cache; errors: ValueError when the count overflows.
  std::uint64_t bytes() const;
};

class KvCache {
 public:
  /// Allocates all layers at once. errors: OutOfMemory
  explicit KvCache(const KvCacheShape& shape);
  /// No storage: for dry runs.
  static KvCache shape_only(const KvCacheShape& shape);

  const KvCacheShape& shape() const { return shape_; }

  /// Writes k and v [T, Hkv, D] at positions first … first + T - 1; dtype as the cache's.
  void write(std::int64_t layer, std::int64_t first, const Tensor& k, const Tensor& v);
  Tensor keys(std::int64_t layer, std::int64_t length) const;    // [length, Hkv, D], a view
  Tensor values(std::int64_t layer, std::int64_t length) const;  // [length, Hkv, D], a view

 private:
  KvCache() = default;
  KvCacheShape shape_;
  std::vector<Tensor> keys_, values_;  // [capacity, Hkv, D]
};

}  // namespace candor::nn
