#include "support/operand.h"

#include <algorithm>
#include <cstring>

#include "core/packed.h"

namespace candor::test {
namespace {

constexpr std::size_t kGuard = 128;  // bytes on each side
constexpr std::byte kPoison{0xb5};   // as bf16, f16 and f32 a small negative number: a stray read is not NaN-safe luck

std::int64_t whole_rows(const std::vector<std::int64_t>& shape) {
  std::int64_t rows = 1;
  for (std::size_t i = 0; i + 1 < shape.size(); ++i) rows *= shape[i];
  return rows;
}

std::size_t span_bytes(const View& view, std::int64_t rows, std::int64_t pitch) {
  const DTypeInfo& info = dtype_info(view.dtype);
  std::int64_t elements = rows * pitch;
  if (view.layout == Layout::packed_tiles)
    elements = packed_tiles(view.shape[0]) * packed_tile_stride(view.dtype, view.shape[1]);
  return static_cast<std::size_t>(elements / info.block_elements * info.block_bytes);
}

}  // namespace

View Workspace::place(DType dtype, const std::vector<std::int64_t>& shape, const Placement& placement) {
  const DTypeInfo& info = dtype_info(dtype);
  View view;
  view.dtype = dtype;
  view.layout = placement.layout;
  view.rank = static_cast<int>(shape.size());
  const bool gapless = info.kind == DTypeKind::block || placement.layout != Layout::strided;
  const std::int64_t last = shape.empty() ? 1 : shape.back();
  const std::int64_t pitch = last + (gapless ? 0 : placement.row_gap);
  std::int64_t stride = 1;
  for (int i = view.rank - 1; i >= 0; --i) {
    view.shape[i] = shape[static_cast<std::size_t>(i)];
    view.stride[i] = stride;
    stride *= i == view.rank - 1 ? pitch : view.shape[i];
  }
  const std::size_t used = span_bytes(view, whole_rows(shape), pitch);
  const std::size_t shift = static_cast<std::size_t>(placement.misaligned);
  Block& block = blocks_.emplace_back();
  block.bytes.assign((used + shift + 2 * kGuard + 64 + 7) / 8 * 8, kPoison);
  const auto start = reinterpret_cast<std::uintptr_t>(block.bytes.data()) + kGuard;
  view.data = block.bytes.data() + kGuard + (64 - start % 64) % 64 + shift;
  block.view = view;
  return view;
}

View Workspace::make(DType dtype, const std::vector<std::int64_t>& shape, const Doubles& values,
                     const Placement& placement) {
  const View view = place(dtype, shape, placement);
  if (view.layout == Layout::packed_tiles)
    std::memset(view.as<std::byte>(), 0, span_bytes(view, 0, 0));  // the padding is zero
  ref::store_all(view, values);
  return view;
}

std::string Workspace::damage(const Block& block) const {
  const View& view = block.view;
  std::vector<bool> element(block.bytes.size(), false);
  const DTypeInfo& info = dtype_info(view.dtype);
  const auto* first = view.as<std::byte>();
  const auto mark = [&](std::int64_t unit, std::size_t bytes) {
    const auto at = static_cast<std::size_t>(first + unit * info.block_bytes - block.bytes.data());
    std::fill_n(element.begin() + static_cast<std::ptrdiff_t>(at), bytes, true);
  };
  if (view.layout == Layout::packed_tiles) {
    mark(0, span_bytes(view, 0, 0));
  } else {
    for (std::int64_t r = 0; r < ref::row_count(view); ++r)
      for (std::int64_t c = 0; c < ref::row_length(view); c += info.block_elements)
        mark(ref::element_index(view, r, c) / info.block_elements, static_cast<std::size_t>(info.block_bytes));
  }
  for (std::size_t i = 0; i < block.bytes.size(); ++i)
    if (!element[i] && block.bytes[i] != kPoison)
      return "byte " + std::to_string(static_cast<std::ptrdiff_t>(i) - (first - block.bytes.data())) +
             " from the first element was overwritten";
  return "";
}

std::string Workspace::damage(const ConstView& view) const {
  for (const Block& block : blocks_)
    if (block.view.data == view.data) return damage(block);
  return "no such operand";
}

std::string Workspace::damage() const {
  for (const Block& block : blocks_)
    if (std::string text = damage(block); !text.empty()) return text;
  return "";
}

std::uint64_t Workspace::checksum(const std::vector<const void*>& except) const {
  std::uint64_t sum = 0;
  for (const Block& block : blocks_) {
    if (std::find(except.begin(), except.end(), block.view.data) != except.end()) continue;
    for (std::size_t at = 0; at + 8 <= block.bytes.size(); at += 8) {
      std::uint64_t word;
      std::memcpy(&word, block.bytes.data() + at, 8);
      sum = (sum ^ word) * 0x9e3779b97f4a7c15u + 1;
    }
  }
  return sum;
}

std::vector<std::byte> element_bytes(const ConstView& view) {
  const auto unit = static_cast<std::size_t>(dtype_info(view.dtype).block_bytes);
  const auto* first = view.as<std::byte>();
  std::vector<std::byte> bytes;
  if (view.layout == Layout::packed_tiles) {
    const auto count = packed_tiles(view.shape[0]) * packed_tile_stride(view.dtype, view.shape[1]);
    return {first, first + static_cast<std::size_t>(count) * unit};
  }
  const std::int64_t block = dtype_info(view.dtype).block_elements;
  for (std::int64_t r = 0; r < ref::row_count(view); ++r)
    for (std::int64_t c = 0; c < ref::row_length(view); c += block) {
      const auto* at = first + ref::element_index(view, r, c) / block * static_cast<std::int64_t>(unit);
      bytes.insert(bytes.end(), at, at + unit);
    }
  return bytes;
}

}  // namespace candor::test
