#include "nn/kv_cache.h"

#include <limits>
#include <string>

#include "candor/error.h"
#include "candor/ops.h"

namespace candor::nn {

std::uint64_t KvCacheShape::bytes() const {
  unsigned __int128 elements = 2;
  for (const std::int64_t extent : {layers, capacity, kv_heads, head_dim}) {
    elements *= static_cast<std::uint64_t>(extent);
    if (elements > std::numeric_limits<std::uint64_t>::max() / 16)
      throw ValueError("KV cache: " + std::to_string(layers) + " layers of " + std::to_string(capacity) +
                       " positions do not fit an address space; ask for a smaller context");
  }
  return *dtype_bytes(dtype, static_cast<std::uint64_t>(elements));
}

KvCache::KvCache(const KvCacheShape& shape) : shape_(shape) {
  for (std::int64_t layer = 0; layer < shape.layers; ++layer) {
    keys_.push_back(Tensor::empty({shape.capacity, shape.kv_heads, shape.head_dim}, shape.dtype));
    values_.push_back(Tensor::empty({shape.capacity, shape.kv_heads, shape.head_dim}, shape.dtype));
  }
}

KvCache KvCache::shape_only(const KvCacheShape& shape) {
  KvCache cache;
  cache.shape_ = shape;
  const Tensor tensor = Tensor::shape_only({shape.capacity, shape.kv_heads, shape.head_dim}, shape.dtype);
  cache.keys_.assign(static_cast<std::size_t>(shape.layers), tensor);
  cache.values_.assign(static_cast<std::size_t>(shape.layers), tensor);
  return cache;
}

void KvCache::write(std::int64_t layer, std::int64_t first, const Tensor& k, const Tensor& v) {
  const std::size_t index = static_cast<std::size_t>(layer);
  Tensor key_rows = keys_[index].slice(0, first, first + k.shape()[0]);
  Tensor value_rows = values_[index].slice(0, first, first + v.shape()[0]);
  copy_into(key_rows, k);
  copy_into(value_rows, v);
}

Tensor KvCache::keys(std::int64_t layer, std::int64_t length) const {
  return keys_[static_cast<std::size_t>(layer)].slice(0, 0, length);
}

Tensor KvCache::values(std::int64_t layer, std::int64_t length) const {
  return values_[static_cast<std::size_t>(layer)].slice(0, 0, length);
}

}  // namespace candor::nn
