// Tensor::to_f32: the values of any floating or block tensor, for tests, tools and samplers; kernels never use it.
#include <algorithm>
#include <cstring>

#include "candor/error.h"
#include "candor/tensor.h"
#include "core/blocks.h"
#include "core/formats.h"
#include "core/packed.h"

namespace candor {
namespace {

// Stored bytes of one element; file contents need not be aligned.
template <class Bits> Bits bits_at(const void* base, std::int64_t index) {
  Bits bits;
  constexpr std::int64_t kBytes = sizeof(Bits);
  std::memcpy(&bits, static_cast<const std::byte*>(base) + index * kBytes, kBytes);
  return bits;
}

float f32_at(const void* base, std::int64_t i) { return f32_from_bits(bits_at<std::uint32_t>(base, i)); }
float f64_at(const void* base, std::int64_t i) { return f64_to_f32(f64_from_bits(bits_at<std::uint64_t>(base, i))); }
float f16_at(const void* base, std::int64_t i) { return f16_bits_to_f32(bits_at<std::uint16_t>(base, i)); }
float bf16_at(const void* base, std::int64_t i) { return bf16_bits_to_f32(bits_at<std::uint16_t>(base, i)); }
float f8_e4m3_at(const void* base, std::int64_t i) { return f8_e4m3_bits_to_f32(bits_at<std::uint8_t>(base, i)); }
float f8_e5m2_at(const void* base, std::int64_t i) { return f8_e5m2_bits_to_f32(bits_at<std::uint8_t>(base, i)); }

using ElementAt = float (*)(const void* base, std::int64_t index);

ElementAt element_reader(DType dtype) {
  switch (dtype) {
    case DType::f64: return f64_at;  // the one dtype that is rounded (once)
    case DType::f32: return f32_at;
    case DType::f16: return f16_at;
    case DType::bf16: return bf16_at;
    case DType::f8_e4m3: return f8_e4m3_at;
    case DType::f8_e5m2: return f8_e5m2_at;
    default: return nullptr;
  }
}

// Calls row(first) for every row of the last dimension, in row-major order; first: element index of its beginning.
template <class Row>
void for_each_row(std::span<const std::int64_t> dims, std::span<const std::int64_t> strides, Row&& row) {
  const int outer = static_cast<int>(dims.size()) - 1;
  std::int64_t index[kMaxRank] = {}, first = 0;
  for (;;) {
    row(first);
    int axis = outer - 1;
    for (; axis >= 0; --axis) {
      first += strides[axis];
      if (++index[axis] < dims[axis]) break;
      first -= strides[axis] * dims[axis];
      index[axis] = 0;
    }
    if (axis < 0) return;
  }
}

void read_packed(const Tensor& tensor, ElementAt at, float* y) {
  const std::int64_t rows = tensor.shape()[0], columns = tensor.shape()[1];
  for (std::int64_t n = 0; n < rows; ++n)
    for (std::int64_t k = 0; k < columns; ++k) *y++ = at(tensor.data(), packed_index(tensor.dtype(), columns, n, k));
}

void read_blocks(const Tensor& tensor, float* y) {
  const DTypeInfo& info = dtype_info(tensor.dtype());
  const std::int64_t columns = tensor.shape()[-1];
  const auto* base = static_cast<const std::byte*>(tensor.data());
  for_each_row(tensor.shape().dims(), tensor.strides(), [&](std::int64_t first) {
    dequantize_blocks(tensor.dtype(), base + first / info.block_elements * info.block_bytes, columns, y);
    y += columns;
  });
}

void read_strided(const Tensor& tensor, ElementAt at, float* y) {
  if (tensor.shape().rank() == 0) {
    *y = at(tensor.data(), 0);
    return;
  }
  const std::int64_t columns = tensor.shape()[-1], stride = tensor.strides().back();
  for_each_row(tensor.shape().dims(), tensor.strides(), [&](std::int64_t first) {
    for (std::int64_t i = 0; i < columns; ++i) *y++ = at(tensor.data(), first + i * stride);
  });
}

}  // namespace

std::vector<float> Tensor::to_f32() const {
  const ElementAt at = element_reader(dtype_);
  const bool blocks = is_block(dtype_) && !dtype_info(dtype_).storage_only;
  if (at == nullptr && !blocks)
    throw DTypeError("to_f32: " + std::string(dtype_name(dtype_)) +
                     " has no conversion to f32; f64, f32, f16, bf16, f8_e4m3, f8_e5m2 and the blocks q4_0, q4_1, "
                     "q5_0, q5_1, q8_0, q4_k, q5_k, q6_k have");
  std::vector<float> values(static_cast<std::size_t>(elements()));
  if (values.empty()) return values;
  if (is_shape_only()) throw Error("to_f32: " + shape_.to_string() + " is a shape without values");
  if (layout_ == Layout::packed_tiles) {
    read_packed(*this, at, values.data());
  } else if (blocks) {
    read_blocks(*this, values.data());
  } else {
    read_strided(*this, at, values.data());
  }
  return values;
}

}  // namespace candor
