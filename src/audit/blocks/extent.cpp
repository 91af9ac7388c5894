#include "audit/blocks/extent.h"

#include <algorithm>
#include <cmath>

#include "audit/load.h"
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

/// `wanted` of `count` things, 0 < wanted < count, evenly spaced with a jitter: a strided sample of a matrix would see
/// the same few columns.
class Spread {
 public:
  Spread(std::uint64_t wanted, std::uint64_t count) : wanted_(wanted), step_(count / wanted), rest_(count % wanted) {}
  std::uint64_t at(std::uint64_t i) const {
    // i * count may not fit 64 bits for absurd counts; whole steps plus the remainder's share do.
    return i * step_ + i * rest_ / wanted_ + mixed_bits(i + kMixStep) % step_;
  }

 private:
  std::uint64_t wanted_, step_, rest_;
};

// In the order of values: the sign's bit flipped, or all bits of what is below zero.
template <class Code>
Code ordered(Code code) {
  constexpr auto kSign = static_cast<Code>(Code{1} << (8 * sizeof(Code) - 1));
  return static_cast<Code>((code & kSign) != 0 ? ~code : code | kSign);
}

// Codes whose magnitude reaches `infinity` are passed over. A part's ends are found by a loop without branches, their
// places only in parts that reach further than all before.
template <class Code>
std::pair<std::uint64_t, std::uint64_t> outermost_codes(const TensorSlice& slice, Code infinity) {
  constexpr std::uint64_t kPart = 4096;
  const auto low_end = ordered<Code>(static_cast<Code>(infinity | Code{1} << (8 * sizeof(Code) - 1)));
  const auto high_end = ordered<Code>(infinity);
  std::pair<std::uint64_t, std::uint64_t> places;
  Code low = high_end, high = low_end;
  for (std::uint64_t begin = 0; begin < slice.elements(); begin += kPart) {
    const std::uint64_t count = std::min(kPart, slice.elements() - begin);
    slice.read<Code>(begin);  // says which page is needed
    const std::byte* bytes = slice.data + begin * sizeof(Code);
    Code part_low = high_end, part_high = low_end;
    for (std::uint64_t i = 0; i < count; ++i) {
      const Code value = ordered(load<Code>(bytes + i * sizeof(Code)));
      part_low = std::min(part_low, value > low_end ? value : high_end);
      part_high = std::max(part_high, value < high_end ? value : low_end);
    }
    if (part_low >= low && part_high <= high) continue;
    for (std::uint64_t i = 0; i < count; ++i) {
      const Code value = ordered(load<Code>(bytes + i * sizeof(Code)));
      if (value == part_low && part_low < low) places.first = begin + i;
      if (value == part_high && part_high > high) places.second = begin + i;
    }
    low = std::min(low, part_low);
    high = std::max(high, part_high);
  }
  return places;
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
  return wanted >= count ? i : Spread(wanted, count).at(i);
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
  } else {
    const Spread spread(draws, count);
    for (std::uint64_t i = 0; i < draws; ++i) places[i] = whole.place(slice, spread.at(i));
  }
}

void fitted_places(const TensorSlice& slice, const Extent& extent, std::uint64_t block, Places& places) {
  block_places(slice, extent, block, places);
  if (extent.kind == Extent::Kind::tensor)
    std::erase_if(places, [&slice](std::uint64_t place) { return !std::isfinite(slice.at(0, place)); });
}

std::uint64_t first_place(const TensorSlice& slice, const Extent& extent, std::uint64_t block) {
  return rectangle_of(slice, extent, block).place(slice, 0);
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
