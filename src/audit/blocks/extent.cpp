#include "audit/blocks/extent.h"

#include <algorithm>
#include <cmath>

#include "core/formats.h"
#include "core/mixed_bits.h"

namespace candor::audit_internal {
namespace {

constexpr std::uint64_t kShortestRow = 32;

struct Rectangle {
  std::uint64_t top = 0, left = 0, height = 1, width = 1;
  std::uint64_t place(const TensorSlice& slice, std::uint64_t i) const {
    if (height == 1) return top * slice.columns + left + i;
    if (width == 1) return (top + i) * slice.columns + left;
    return (top + i / width) * slice.columns + left + i % width;
  }
};

Rectangle rectangle_of(const TensorSlice& slice, const Extent& extent, std::uint64_t block) {
  const std::uint64_t edge = extent.block;
  switch (extent.kind) {
    case Extent::Kind::rows:  // side by side in memory; where rows are no whole
                              // blocks, as bitsandbytes does
      return {.left = block * edge, .width = edge};
    case Extent::Kind::columns:
      return {.top = block / slice.columns * edge, .left = block % slice.columns, .height = edge};
    case Extent::Kind::tile: {
      const std::uint64_t across = slice.columns / edge;
      return {.top = block / across * edge, .left = block % across * edge, .height = edge, .width = edge};
    }
    case Extent::Kind::row:
      return {.top = block, .width = slice.columns};
    case Extent::Kind::column:
      return {.left = block, .height = slice.rows};
    case Extent::Kind::tensor:
      break;
  }
  return {.height = slice.rows, .width = slice.columns};
}

// Codes whose magnitude reaches `infinity` are passed over. Magnitudes of either sign ascend with their bits.
template <class Code>
std::pair<std::uint64_t, std::uint64_t> outermost_codes(const TensorSlice& slice, Code infinity) {
  constexpr auto kSign = static_cast<Code>(Code{1} << (8 * sizeof(Code) - 1));
  std::uint64_t lowest = 0, highest = 0;
  Code low = static_cast<Code>(~Code{0}), high = 0;  // in the order of values: the sign's bit flipped, or all of them
  for (std::uint64_t place = 0; place < slice.elements(); ++place) {
    const Code code = slice.read<Code>(place);
    if (static_cast<Code>(code & ~kSign) >= infinity) continue;
    const auto order = static_cast<Code>((code & kSign) != 0 ? ~code : code | kSign);
    if (order < low) {
      low = order;
      lowest = place;
    }
    if (order > high) {
      high = order;
      highest = place;
    }
  }
  return {lowest, highest};
}

}  // namespace

std::string Extent::name() const {
  switch (kind) {
    case Kind::rows:
      return std::to_string(block).append(" along rows");
    case Kind::columns:
      return std::to_string(block).append(" along columns");
    case Kind::tile:
      return std::to_string(block).append("x").append(std::to_string(block));
    case Kind::row:
      return "row";
    case Kind::column:
      return "column";
    case Kind::tensor:
      break;
  }
  return "tensor";
}

TensorSlice without_short_rows(const TensorSlice& slice) {
  TensorSlice seen = slice;
  if (slice.columns < kShortestRow) {
    seen.columns = slice.elements();
    seen.rows = 1;
  }
  return seen;
}

std::uint64_t spread_index(std::uint64_t i, std::uint64_t wanted, std::uint64_t count) {
  if (wanted >= count) return i;
  const std::uint64_t step = count / wanted;
  // i * count may not fit 64 bits for absurd counts; whole steps plus the remainder's share do. Mixed, because a
  // strided sample of a matrix would see the same few columns.
  return i * step + i * (count % wanted) / wanted + mixed_bits(i + kMixStep) % step;
}

std::uint64_t block_count(const TensorSlice& slice, const Extent& extent) {
  switch (extent.kind) {
    case Extent::Kind::rows:
      return slice.elements() / extent.block;
    case Extent::Kind::columns:
      return slice.rows / extent.block * slice.columns;
    case Extent::Kind::tile:
      return (slice.rows / extent.block) * (slice.columns / extent.block);
    case Extent::Kind::row:
      return slice.rows;
    case Extent::Kind::column:
      return slice.columns;
    case Extent::Kind::tensor:
      break;
  }
  return slice.elements() == 0 ? 0 : 1;
}

void block_places(const TensorSlice& slice, const Extent& extent, std::uint64_t block, Places& places) {
  const Rectangle whole = rectangle_of(slice, extent, block);
  const std::uint64_t count = whole.height * whole.width, draws = std::min(count, kMostDraws);
  places.resize(draws);
  if (draws == count) {  // all of them, without a division for each
    for (std::uint64_t y = 0, i = 0; y < whole.height; ++y)
      for (std::uint64_t x = 0; x < whole.width; ++x) places[i++] = (whole.top + y) * slice.columns + whole.left + x;
    return;
  }
  for (std::uint64_t i = 0; i < draws; ++i) places[i] = whole.place(slice, spread_index(i, draws, count));
}

std::uint64_t largest_place(const TensorSlice& slice, const Extent& extent, std::uint64_t block) {
  const Rectangle whole = rectangle_of(slice, extent, block);
  std::uint64_t largest = whole.place(slice, 0);
  for (std::uint64_t i = 1; i < whole.height * whole.width; ++i) {
    const std::uint64_t place = whole.place(slice, i);
    if (std::fabs(slice.at(0, place)) > std::fabs(slice.at(0, largest))) largest = place;
  }
  return largest;
}

std::pair<std::uint64_t, std::uint64_t> outermost_places(const TensorSlice& slice) {
  switch (slice.dtype) {
    case DType::f64:
      return outermost_codes<std::uint64_t>(slice, kF64Infinity);
    case DType::f32:
      return outermost_codes<std::uint32_t>(slice, 0x7f800000u);
    case DType::f16:
      return outermost_codes<std::uint16_t>(slice, 0x7c00u);
    default:
      return outermost_codes<std::uint16_t>(slice, 0x7f80u);
  }
}

}  // namespace candor::audit_internal
