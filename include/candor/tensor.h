// Tensors: a dtype, a shape, and bytes that are exactly what the dtype says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "candor/dtype.h"
#include "candor/shape.h"

namespace candor {

class Storage;  // src/core/storage.h: reference-counted bytes, 64-byte aligned or memory-mapped

/// How elements lie in memory.
enum class Layout : std::uint8_t {
  strided,       // row-major with strides
  packed_tiles,  // matmul weights [N, K]: tiles of 16 rows × 2 k (bf16) or × 1 k (f16, f32); see src/core/packed.h
};

/// A dense array. Copying a Tensor shares its storage. A Tensor without storage ("shape only") is legal: ops given
/// one check shapes and kernel rows and compute nothing.
class Tensor {
 public:
  Tensor() = default;

  /// Uninitialised. errors: OutOfMemory, ShapeError, DTypeError (blocks need whole blocks in the last dimension)
  static Tensor empty(const Shape& shape, DType dtype);
  static Tensor zeros(const Shape& shape, DType dtype);
  static Tensor shape_only(const Shape& shape, DType dtype, Layout layout = Layout::strided);
  static Tensor packed_empty(const Shape& shape, DType dtype);  // Layout::packed_tiles, [N, K]
  /// Row-major bytes at `offset` of `storage` (a mapped file, say); nothing is copied.
  static Tensor from_storage(std::shared_ptr<Storage> storage, std::uint64_t offset, const Shape& shape, DType dtype);
  static Tensor from_f32(std::span<const float> values, const Shape& shape);         // dtype f32, copied
  static Tensor from_i32(std::span<const std::int32_t> values, const Shape& shape);  // dtype i32, copied

  bool defined() const { return dtype_ != DType::any; }
  bool is_shape_only() const { return defined() && !storage_ && !has_no_bytes(); }
  DType dtype() const { return dtype_; }
  Layout layout() const { return layout_; }
  const Shape& shape() const { return shape_; }
  std::span<const std::int64_t> strides() const { return {strides_.data(), static_cast<std::size_t>(shape_.rank())}; }
  std::int64_t elements() const { return shape_.elements(); }
  /// Bytes that this tensor's elements occupy; for a tensor that owns its storage exactly the bytes allocated.
  std::uint64_t nbytes() const;
  bool is_contiguous() const;

  const void* data() const;  // first element; nullptr when shape only
  void* data();              // throws Error when the storage is a read-only map
  template <class T>
  const T* data_as() const {
    return static_cast<const T*>(data());
  }
  template <class T>
  T* data_as() {
    return static_cast<T*>(data());
  }

  // Views share storage. errors: ShapeError
  Tensor reshape(const Shape& shape) const;  // contiguous only
  Tensor slice(int axis, std::int64_t begin, std::int64_t end) const;
  Tensor transpose(int axis0, int axis1) const;
  Tensor select(int axis, std::int64_t index) const;  // drops the axis

  const std::shared_ptr<Storage>& storage() const { return storage_; }
  /// Values of any floating or block dtype, any strides: exact, but f64 is rounded once; a NaN comes out quiet unless
  /// the tensor is f32. errors: DTypeError, Error (shape only)
  std::vector<float> to_f32() const;

 private:
  bool has_no_bytes() const;
  std::shared_ptr<Storage> storage_;
  std::uint64_t byte_offset_ = 0;
  Shape shape_;
  std::array<std::int64_t, kMaxRank> strides_{};  // in elements; last dimension of blocks is contiguous
  DType dtype_ = DType::any;
  Layout layout_ = Layout::strided;
};

}  // namespace candor
