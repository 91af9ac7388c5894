#include "candor/tensor.h"

#include <algorithm>
#include <cstring>

#include "candor/error.h"
#include "core/packed.h"
#include "core/storage.h"

namespace candor {
namespace {

std::string describe(const Shape& shape, DType dtype) {
  return shape.to_string() + " " + std::string(dtype_name(dtype));
}

std::int64_t block_elements(DType dtype) { return dtype_info(dtype).block_elements; }

// A dtype that has bytes, and whole blocks along the last dimension.
void check_storable(std::string_view op, const Shape& shape, DType dtype) {
  if (dtype_info(dtype).block_bytes == 0)
    throw DTypeError(std::string(op) + ": " + std::string(dtype_name(dtype)) +
                     " is no storage dtype; tf32 tensors are stored as f32");
  const std::int64_t unit = block_elements(dtype);
  if (unit == 1) return;
  if (shape.rank() == 0 || shape[-1] % unit != 0)
    throw DTypeError(std::string(op) + ": " + describe(shape, dtype) +
                     " cannot be stored; the last dimension must be a multiple of " + std::to_string(unit));
}

std::uint64_t strided_bytes(std::string_view op, const Shape& shape, DType dtype) {
  const auto bytes = dtype_bytes(dtype, static_cast<std::uint64_t>(shape.elements()));
  if (!bytes) throw ShapeError(std::string(op) + ": " + describe(shape, dtype) + " needs more than 2^64 bytes");
  return *bytes;
}

// [N, K]: N is padded to whole tiles, bf16's K to pairs.
std::uint64_t packed_bytes(std::string_view op, const Shape& shape, DType dtype) {
  if (dtype != DType::bf16 && dtype != DType::f16 && dtype != DType::f32)
    throw DTypeError(std::string(op) + ": " + std::string(dtype_name(dtype)) +
                     " has no packed layout; bf16, f16 and f32 have");
  if (shape.rank() != 2)
    throw ShapeError(std::string(op) + ": packed weights have shape [N, K], not " + shape.to_string());
  if (shape.elements() == 0) return 0;
  constexpr std::int64_t kLargest = std::int64_t{1} << 62;
  if (shape[0] > kLargest / shape[1] / kTileRows || shape[1] > kLargest / kTileRows)
    throw ShapeError(std::string(op) + ": " + describe(shape, dtype) + " is too large");
  const std::int64_t elements = packed_tiles(shape[0]) * packed_tile_stride(dtype, shape[1]);
  const auto bytes = dtype_bytes(dtype, static_cast<std::uint64_t>(elements));
  if (!bytes) throw ShapeError(std::string(op) + ": " + describe(shape, dtype) + " is too large");
  return *bytes;
}

std::array<std::int64_t, kMaxRank> row_major_strides(const Shape& shape) {
  std::array<std::int64_t, kMaxRank> strides{};
  std::int64_t stride = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    strides[i] = stride;
    stride *= std::max<std::int64_t>(shape[i], 1);
  }
  return strides;
}

int checked_axis(std::string_view op, const Shape& shape, int axis) {
  const int index = axis < 0 ? axis + shape.rank() : axis;
  if (index < 0 || index >= shape.rank())
    throw ShapeError(std::string(op) + ": axis " + std::to_string(axis) + " of " + shape.to_string() +
                     ", which has rank " + std::to_string(shape.rank()));
  return index;
}

}  // namespace

Tensor Tensor::shape_only(const Shape& shape, DType dtype, Layout layout) {
  check_storable("shape_only", shape, dtype);
  if (layout == Layout::packed_tiles) {
    packed_bytes("shape_only", shape, dtype);
  } else {
    strided_bytes("shape_only", shape, dtype);
  }
  Tensor tensor;
  tensor.shape_ = shape;
  tensor.strides_ = row_major_strides(shape);
  tensor.dtype_ = dtype;
  tensor.layout_ = layout;
  return tensor;
}

Tensor Tensor::empty(const Shape& shape, DType dtype) {
  Tensor tensor = shape_only(shape, dtype);
  if (const std::uint64_t bytes = tensor.nbytes(); bytes > 0) tensor.storage_ = Storage::allocate(bytes, dtype);
  return tensor;
}

Tensor Tensor::packed_empty(const Shape& shape, DType dtype) {
  Tensor tensor = shape_only(shape, dtype, Layout::packed_tiles);
  if (const std::uint64_t bytes = tensor.nbytes(); bytes > 0) tensor.storage_ = Storage::allocate(bytes, dtype);
  return tensor;
}

Tensor Tensor::zeros(const Shape& shape, DType dtype) {
  Tensor tensor = empty(shape, dtype);
  if (tensor.storage_) std::memset(tensor.storage_->writable(), 0, tensor.nbytes());
  return tensor;
}

Tensor Tensor::from_storage(std::shared_ptr<Storage> storage, std::uint64_t offset, const Shape& shape, DType dtype) {
  Tensor tensor = shape_only(shape, dtype);
  const std::uint64_t bytes = tensor.nbytes();
  if (!storage) throw ShapeError("from_storage: no storage; shape_only() makes a tensor without one");
  if (offset > storage->bytes() || bytes > storage->bytes() - offset)
    throw ShapeError("from_storage: " + describe(shape, dtype) + " needs " + std::to_string(bytes) +
                     " bytes at offset " + std::to_string(offset) + ", but the storage ends at " +
                     std::to_string(storage->bytes()));
  if (bytes == 0) return tensor;
  if (storage->is_mapped() && storage->dtype() == DType::any) {  // a whole file: its part is counted under its dtype
    tensor.storage_ = Storage::map_region(storage, offset, bytes, dtype);
  } else {
    tensor.storage_ = std::move(storage);
    tensor.byte_offset_ = offset;
  }
  return tensor;
}

namespace {

template <class T>
Tensor copy_of(std::string_view op, std::span<const T> values, const Shape& shape, DType dtype) {
  if (static_cast<std::uint64_t>(shape.elements()) != values.size())
    throw ShapeError(std::string(op) + ": " + std::to_string(values.size()) + " values for shape " + shape.to_string() +
                     ", which has " + std::to_string(shape.elements()) + " elements");
  Tensor tensor = Tensor::empty(shape, dtype);
  if (!values.empty()) std::memcpy(tensor.data(), values.data(), values.size_bytes());
  return tensor;
}

}  // namespace

Tensor Tensor::from_f32(std::span<const float> values, const Shape& shape) {
  return copy_of("from_f32", values, shape, DType::f32);
}

Tensor Tensor::from_i32(std::span<const std::int32_t> values, const Shape& shape) {
  return copy_of("from_i32", values, shape, DType::i32);
}

bool Tensor::has_no_bytes() const { return shape_.elements() == 0; }

std::uint64_t Tensor::nbytes() const {
  if (!defined()) return 0;
  if (layout_ == Layout::packed_tiles) return packed_bytes("nbytes", shape_, dtype_);
  return strided_bytes("nbytes", shape_, dtype_);
}

bool Tensor::is_contiguous() const {
  if (layout_ != Layout::strided) return false;
  if (has_no_bytes()) return true;  // nothing lies between no elements
  std::int64_t expected = 1;
  for (int i = shape_.rank() - 1; i >= 0; --i) {
    if (shape_[i] != 1 && strides_[i] != expected) return false;
    expected *= shape_[i];
  }
  return true;
}

const void* Tensor::data() const { return storage_ ? storage_->data() + byte_offset_ : nullptr; }
void* Tensor::data() { return storage_ ? storage_->writable() + byte_offset_ : nullptr; }

Tensor Tensor::reshape(const Shape& shape) const {
  if (shape == shape_) return *this;
  if (shape.elements() != elements())
    throw ShapeError("reshape: " + shape_.to_string() + " has " + std::to_string(elements()) + " elements, " +
                     shape.to_string() + " has " + std::to_string(shape.elements()));
  if (!is_contiguous())
    throw ShapeError("reshape: " + shape_.to_string() +
                     (layout_ == Layout::strided ? " is a strided view" : " is packed") +
                     "; only contiguous tensors can be reshaped, make a contiguous copy first");
  check_storable("reshape", shape, dtype_);
  Tensor result = *this;
  result.shape_ = shape;
  result.strides_ = row_major_strides(shape);
  return result;
}

namespace {

void refuse_packed(std::string_view op, const Tensor& tensor) {
  if (tensor.layout() != Layout::strided)
    throw ShapeError(std::string(op) + ": " + tensor.shape().to_string() + " is packed; packed weights have no views");
}

// Bytes from the first element to the one `elements` further on; whole blocks only.
std::uint64_t offset_bytes(std::string_view op, const Tensor& tensor, std::int64_t elements) {
  const DTypeInfo& info = dtype_info(tensor.dtype());
  if (elements % info.block_elements != 0)
    throw ShapeError(std::string(op) + ": element " + std::to_string(elements) + " lies inside a block of " +
                     std::string(info.name) + "; views begin and end at multiples of " +
                     std::to_string(info.block_elements));
  return static_cast<std::uint64_t>(elements / info.block_elements * info.block_bytes);
}

}  // namespace

Tensor Tensor::slice(int axis, std::int64_t begin, std::int64_t end) const {
  const int index = checked_axis("slice", shape_, axis);
  refuse_packed("slice", *this);
  if (begin < 0 || begin > end || end > shape_[index])
    throw ShapeError("slice: [" + std::to_string(begin) + ", " + std::to_string(end) + ") of axis " +
                     std::to_string(axis) + " of " + shape_.to_string() + " is outside [0, " +
                     std::to_string(shape_[index]) + ")");
  if (index == shape_.rank() - 1) offset_bytes("slice", *this, end);
  Tensor result = *this;
  std::array<std::int64_t, kMaxRank> dims{};
  std::ranges::copy(shape_.dims(), dims.begin());
  dims[index] = end - begin;
  result.shape_ = Shape(std::span<const std::int64_t>(dims.data(), shape_.dims().size()));
  result.byte_offset_ += offset_bytes("slice", *this, begin * strides_[index]);
  if (result.has_no_bytes()) result.storage_.reset(), result.byte_offset_ = 0;
  return result;
}

Tensor Tensor::transpose(int axis0, int axis1) const {
  const int first = checked_axis("transpose", shape_, axis0), second = checked_axis("transpose", shape_, axis1);
  refuse_packed("transpose", *this);
  if (first == second) return *this;
  if (block_elements(dtype_) > 1 && std::max(first, second) == shape_.rank() - 1)
    throw ShapeError("transpose: the last axis of " + describe(shape_, dtype_) + " is made of blocks and stays last");
  Tensor result = *this;
  std::array<std::int64_t, kMaxRank> dims{};
  std::ranges::copy(shape_.dims(), dims.begin());
  std::swap(dims[first], dims[second]);
  std::swap(result.strides_[first], result.strides_[second]);
  result.shape_ = Shape(std::span<const std::int64_t>(dims.data(), shape_.dims().size()));
  return result;
}

Tensor Tensor::select(int axis, std::int64_t index) const {
  const int dropped = checked_axis("select", shape_, axis);
  refuse_packed("select", *this);
  if (index < 0 || index >= shape_[dropped])
    throw ShapeError("select: index " + std::to_string(index) + " of axis " + std::to_string(axis) + " of " +
                     shape_.to_string() + " is outside [0, " + std::to_string(shape_[dropped]) + ")");
  if (block_elements(dtype_) > 1 && dropped == shape_.rank() - 1)
    throw ShapeError("select: the last axis of " + describe(shape_, dtype_) + " is made of blocks and stays");
  Tensor result = *this;
  std::array<std::int64_t, kMaxRank> dims{};
  int rank = 0;
  for (int i = 0; i < shape_.rank(); ++i) {
    if (i == dropped) continue;
    dims[rank] = shape_[i];
    result.strides_[rank++] = strides_[i];
  }
  result.shape_ = Shape(std::span<const std::int64_t>(dims.data(), static_cast<std::size_t>(rank)));
  result.byte_offset_ += offset_bytes("select", *this, index * strides_[dropped]);
  if (result.has_no_bytes()) result.storage_.reset(), result.byte_offset_ = 0;
  return result;
}

}  // namespace candor
