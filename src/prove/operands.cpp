#include "prove/operands.h"

#include <bit>
#include <cstring>

#include "core/packed.h"
#include "prove/constant_block.h"
#include "prove/rounding.h"

namespace candor::prove {
namespace {

std::int64_t count_of(const std::vector<std::int64_t>& shape) {
  std::int64_t n = 1;
  for (const std::int64_t extent : shape) n *= extent;
  return n;
}

Tensor tensor_of(DType dtype, const std::vector<std::int64_t>& shape, Layout layout) {
  const Shape extents{std::span<const std::int64_t>(shape)};
  return layout == Layout::packed_tiles ? Tensor::packed_empty(extents, dtype) : Tensor::empty(extents, dtype);
}

}  // namespace

View Operands::place(DType dtype, const std::vector<std::int64_t>& shape, const Values& values, Layout layout) {
  Tensor& tensor = tensors_.emplace_back(tensor_of(dtype, shape, layout));
  if (tensor.nbytes() > 0) std::memset(tensor.data(), 0, tensor.nbytes());
  const View all = view(tensor);
  const DTypeInfo& info = dtype_info(dtype);
  if (info.kind == DTypeKind::block) {
    for (std::size_t i = 0; i < values.size(); ++i)
      put_constant_block(dtype, all.as<std::byte>() + static_cast<std::int64_t>(i) * info.block_bytes, values[i]);
    return all;
  }
  const std::int64_t count = count_of(shape);
  for (std::int64_t i = 0; i < count; ++i) {
    if (std::bit_cast<std::uint64_t>(values[static_cast<std::size_t>(i)]) == 0) continue;  // there already
    const std::int64_t index =
        layout == Layout::packed_tiles ? packed_index(dtype, shape[1], i / shape[1], i % shape[1]) : i;
    set_code(all, index, encode(dtype, values[static_cast<std::size_t>(i)]));
  }
  return all;
}

View Operands::place_i32(const std::vector<std::int64_t>& shape, const std::vector<std::int32_t>& values) {
  Tensor& tensor = tensors_.emplace_back(tensor_of(DType::i32, shape, Layout::strided));
  if (!values.empty()) std::memcpy(tensor.data(), values.data(), values.size() * sizeof(std::int32_t));
  return view(tensor);
}

View Operands::result(DType dtype, const std::vector<std::int64_t>& shape, Layout layout) {
  Tensor& tensor = tensors_.emplace_back(tensor_of(dtype, shape, layout));
  if (tensor.nbytes() > 0) std::memset(tensor.data(), 0xb5, tensor.nbytes());
  return view(tensor);
}

std::uint64_t code_at(const ConstView& view, std::int64_t index) {
  std::uint64_t code = 0;
  const auto bytes = static_cast<std::size_t>(element_bytes(view.dtype));
  std::memcpy(&code, view.as<std::byte>() + index * static_cast<std::int64_t>(bytes), bytes);
  return code;
}

void set_code(const View& view, std::int64_t index, std::uint64_t code) {
  const auto bytes = static_cast<std::size_t>(element_bytes(view.dtype));
  std::memcpy(view.as<std::byte>() + index * static_cast<std::int64_t>(bytes), &code, bytes);
}

Values values_of(const ConstView& view) {
  Values values;
  for (std::int64_t i = 0; i < view.elements(); ++i) values.push_back(decode(view.dtype, code_at(view, i)));
  return values;
}

}  // namespace candor::prove
