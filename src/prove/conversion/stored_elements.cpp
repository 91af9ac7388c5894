#include "prove/conversion/stored_elements.h"

#include <cmath>
#include <cstring>

#include "prove/constant_block.h"
#include "prove/conversion/block_values.h"
#include "prove/rounding.h"

namespace candor::prove {
namespace {

/// Codes of f16 for scales and offsets.
Codes scale_codes(BlockScales scales) {
  switch (scales) {
    case BlockScales::ordinary:
      return {0x3c00, 0xb801, 0x2e66, 0x1155, 0x4c37};  // 1, -0.5005, 0.1, 0.00065, 16.8
    case BlockScales::subnormal:
      return {0x0001, 0x03ff, 0x8155};
    case BlockScales::nan:
      return {0x7c01, 0x7e00, 0xfe07};
  }
  return {};
}

Element scalar_of(DType dtype, std::uint64_t code) {
  if (!is_floating(dtype)) {
    const auto value = static_cast<double>(integer_of(dtype, code));
    return {value, value};
  }
  const double value = decode(dtype, code);
  return {value, std::fabs(value) < smallest_normal(dtype) ? std::copysign(0.0, value) : value};
}

void add_block_values(Elements& all, const std::byte* block) {
  const Values values = block_values(all.dtype, block, false), flushed = block_values(all.dtype, block, true);
  for (std::size_t i = 0; i < values.size(); ++i) all.values.push_back({values[i], flushed[i]});
}

}  // namespace

std::int64_t Elements::units() const { return static_cast<std::int64_t>(bytes.size()) / element_bytes(dtype); }

const std::byte* Elements::unit(std::int64_t i) const { return bytes.data() + i * element_bytes(dtype); }

double smallest_normal(DType dtype) { return std::ldexp(1.0, format_of(dtype).min_exponent); }

std::int64_t integer_of(DType dtype, std::uint64_t code) {
  const int unused = 64 - 8 * element_bytes(dtype);
  if (dtype == DType::u8 || dtype == DType::bool_) return static_cast<std::int64_t>(code);
  return static_cast<std::int64_t>(code << unused) >> unused;
}

Elements elements_of(DType dtype, const Codes& codes) {
  Elements all{dtype, {}, {}};
  const auto bytes = static_cast<std::size_t>(element_bytes(dtype));
  all.bytes.resize(codes.size() * bytes);
  for (std::size_t i = 0; i < codes.size(); ++i) {
    std::memcpy(all.bytes.data() + i * bytes, &codes[i], bytes);
    all.values.push_back(scalar_of(dtype, codes[i]));
  }
  return all;
}

Elements constant_blocks(DType dtype, double value, std::int64_t count) {
  Elements all{dtype, {}, {}};
  const std::int64_t bytes = element_bytes(dtype);
  all.bytes.resize(static_cast<std::size_t>(count * bytes));
  for (std::int64_t i = 0; i < count; ++i) {
    put_constant_block(dtype, all.bytes.data() + i * bytes, value);
    add_block_values(all, all.unit(i));
  }
  return all;
}

Elements counted_blocks(DType dtype, BlockScales scales, bool moved) {
  Elements all{dtype, {}, {}};
  const Codes codes = scale_codes(scales), offsets = scale_codes(BlockScales::ordinary);
  const std::int64_t bytes = element_bytes(dtype), count = scales == BlockScales::ordinary ? 256 : 6;
  all.bytes.resize(static_cast<std::size_t>(count * bytes));
  for (std::int64_t i = 0; i < count; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const auto scale = static_cast<std::uint16_t>(codes[at % codes.size()]);
    const auto offset = static_cast<std::uint16_t>(at % 2 ? scale : offsets[at / 5 % offsets.size()]);
    put_counted_block(dtype, all.bytes.data() + i * bytes, static_cast<int>(i), scale, offset);
    if (!moved)
      add_block_values(all, all.unit(i));
    else
      all.values.push_back(
          {decode(DType::f16, scale), scales == BlockScales::subnormal ? 0 : decode(DType::f16, scale)});
  }
  return all;
}

}  // namespace candor::prove
