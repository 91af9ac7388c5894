#include "prove/bits/random_operands.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/packed.h"
#include "prove/conversion/block_values.h"
#include "prove/rounding.h"

namespace candor::prove {
namespace {

constexpr std::int64_t kGap = 5;  // elements; of formats in blocks one block

/// sign, exponent and mantissa of a scalar format.
std::uint64_t composed(DType dtype, const Format& format, int exponent_field, std::uint64_t bits) {
  const int mantissa_bits = format.bits - 1;
  const std::uint64_t sign = bits >> 63 << (8 * element_bytes(dtype) - 1);
  return sign | static_cast<std::uint64_t>(exponent_field) << mantissa_bits |
         (bits & ((std::uint64_t{1} << mantissa_bits) - 1));
}

/// One of 8 subnormal, one of 32 zero, one of 256 infinite, one of 256 a NaN: a sum of some hundred terms may have
/// none.
std::uint64_t special_code(DType dtype, const Format& format, int bias, Random& random) {
  const int which = random.between(0, 255);
  const std::uint64_t bits = random.bits(), sign = bits >> 63;
  if (which == 0) return encode(dtype, std::nan(""));
  if (which == 1 && format.infinity) return encode(dtype, sign ? -HUGE_VAL : HUGE_VAL);
  if (which < 8) return encode(dtype, sign ? -0.0 : 0.0);
  return composed(dtype, format, which < 40 ? 0 : bias - random.between(0, std::min(7, bias - 1)), bits);
}

std::uint64_t float_code(DType dtype, Drawn drawn, Random& random) {
  const Format format = format_of(dtype);
  const int bias = 1 - format.min_exponent, ends = std::min(12, bias - 1);
  if (drawn == Drawn::special) return special_code(dtype, format, bias, random);
  const int exponent =
      drawn == Drawn::wide ? random.between(-ends, ends - 1) : -random.between(0, std::min(7, bias - 1));
  return composed(dtype, format, bias + exponent, random.bits());
}

std::uint16_t scale_code(Drawn drawn, Random& random) {
  if (drawn == Drawn::special && random.between(0, 15) == 0)  // a subnormal
    return static_cast<std::uint16_t>(random.between(1, 1023));
  return static_cast<std::uint16_t>((15 - random.between(2, 8)) << 10 | random.between(0, 1023));
}

bool is_counted_block(DType dtype) {
  return dtype_info(dtype).kind == DTypeKind::block && !dtype_info(dtype).storage_only;
}

/// Consecutive units from the first one in memory.
void draw_units(const View& view, std::int64_t units, Drawn drawn, Random& random) {
  const std::int64_t bytes = dtype_info(view.dtype).block_bytes;
  for (std::int64_t i = 0; i < units; ++i) {
    if (!is_counted_block(view.dtype)) {
      set_code(view, i, drawn_code(view.dtype, drawn, random));
    } else {
      const std::uint16_t scale = scale_code(drawn, random), offset = scale_code(drawn, random);
      put_counted_block(view.dtype, view.as<std::byte>() + i * bytes, random.between(0, 255), scale, offset);
    }
  }
}

}  // namespace

const char* drawn_text(Drawn drawn) {
  return drawn == Drawn::ordinary ? "ordinary" : drawn == Drawn::wide ? "wide" : "special";
}

std::uint64_t drawn_code(DType dtype, Drawn drawn, Random& random) {
  if (is_floating(dtype) && !dtype_info(dtype).storage_only) return float_code(dtype, drawn, random);
  if (dtype == DType::bool_) return random.bits() & 1;
  return random.bits() >> (64 - 8 * std::min(8, element_bytes(dtype)));
}

View RandomOperands::operand(DType dtype, const std::vector<std::int64_t>& shape, Layout layout) {
  const View all = memory_.result(dtype, shape, layout);
  if (layout == Layout::packed_tiles) {
    std::memset(all.as<std::byte>(), 0, bytes_behind(all));
    for (std::int64_t i = 0; i < shape[0] * shape[1]; ++i)
      set_code(all, packed_index(dtype, shape[1], i / shape[1], i % shape[1]), drawn_code(dtype, drawn_, random_));
  } else {
    draw_units(all, all.elements() / dtype_info(dtype).block_elements, drawn_, random_);
  }
  return all;
}

View RandomOperands::rows_apart(DType dtype, std::int64_t rows, std::int64_t columns) {
  View all = operand(dtype, {rows, columns + in_whole_blocks(dtype, kGap)});
  all.shape[1] = columns;
  return all;
}

View RandomOperands::indices(std::int64_t count, std::int64_t limit) {
  std::vector<std::int32_t> values;
  for (std::int64_t i = 0; i < count; ++i) values.push_back(random_.between(0, static_cast<int>(limit) - 1));
  return memory_.place_i32({count}, values);
}

View RandomOperands::result(DType dtype, const std::vector<std::int64_t>& shape, Layout layout) {
  return results_.emplace_back(memory_.result(dtype, shape, layout));
}

std::int64_t in_whole_blocks(DType dtype, std::int64_t columns) {
  const std::int64_t unit = dtype_info(dtype).block_elements;
  return (columns + unit - 1) / unit * unit;
}

std::size_t bytes_behind(const ConstView& view) {
  const std::int64_t elements = view.layout == Layout::packed_tiles
                                    ? packed_tiles(view.shape[0]) * packed_tile_stride(view.dtype, view.shape[1])
                                    : view.elements();
  const DTypeInfo& info = dtype_info(view.dtype);
  return static_cast<std::size_t>(elements / info.block_elements * info.block_bytes);
}

}  // namespace candor::prove
