#include "audit/diff/values.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>

#include "audit/code_value.h"
#include "audit/load.h"
#include "core/blocks.h"

namespace candor::audit_internal::comparison {
namespace {

/// A NaN keeps its code, as in f32_value_bits().
std::uint64_t f64_value_bits(std::uint32_t f32) {
  if ((f32 & 0x7fffffffu) <= 0x7f800000u) return f64_bits(f32_to_f64(f32_from_bits(f32)));
  return static_cast<std::uint64_t>(f32 & 0x80000000u) << 32 | kF64Infinity |
         static_cast<std::uint64_t>(f32 & 0x7fffffu) << 29;
}

template <class Word>
Word from_f32_bits(std::uint32_t bits) {
  if constexpr (std::is_same_v<Word, std::uint32_t>)
    return bits;
  else
    return f64_value_bits(bits);
}

template <auto kValueBits, class Word, class Code = std::uint16_t>
void read_codes(const std::byte* bytes, std::size_t count, Word* values) {
  for (std::size_t i = 0; i < count; ++i)
    values[i] = from_f32_bits<Word>(kValueBits(load<Code>(bytes + i * sizeof(Code))));
}

template <class Word>
void read_blocks(DType dtype, const std::byte* bytes, std::size_t count, Word* values) {
  const DTypeInfo& info = dtype_info(dtype);
  const std::size_t block = static_cast<std::size_t>(info.block_elements);
  std::array<float, 256> buffer;
  for (std::size_t i = 0; i < count; i += block) {
    const std::byte* from = bytes + i / block * static_cast<std::size_t>(info.block_bytes);
    dequantize_blocks(dtype, from, info.block_elements, buffer.data());
    for (std::size_t j = 0; j < block; ++j) values[i + j] = from_f32_bits<Word>(f32_bits(buffer[j]));
  }
}

/// A quantised block, whose elements have no bits of their own.
bool is_read_as_f32(const DTypeInfo& info) { return info.kind == DTypeKind::block && !info.storage_only; }

}  // namespace

template <class Word>
void read_values(DType dtype, const std::byte* bytes, std::size_t count, Word* values) {
  switch (dtype) {
    case DType::f64:
      if constexpr (std::is_same_v<Word, std::uint64_t>) std::memcpy(values, bytes, count * sizeof *values);
      return;
    case DType::f32:
      return read_codes<[](std::uint32_t code) { return code; }, Word, std::uint32_t>(bytes, count, values);
    case DType::f16:
      return read_codes<f16_value_bits>(bytes, count, values);
    case DType::bf16:
      return read_codes<bf16_value_bits>(bytes, count, values);
    case DType::f8_e4m3:
      return read_codes<f8_e4m3_value_bits, Word, std::uint8_t>(bytes, count, values);
    case DType::f8_e5m2:
      return read_codes<f8_e5m2_value_bits, Word, std::uint8_t>(bytes, count, values);
    default:
      return read_blocks(dtype, bytes, count, values);
  }
}

template void read_values(DType, const std::byte*, std::size_t, std::uint32_t*);
template void read_values(DType, const std::byte*, std::size_t, std::uint64_t*);

std::uint64_t element_code(DType dtype, const std::byte* bytes, std::uint64_t index) {
  const DTypeInfo& info = dtype_info(dtype);
  const std::byte* at = bytes + element_offset(dtype, index);
  if (is_read_as_f32(info)) {
    std::array<std::uint32_t, 256> values;
    const auto block = static_cast<std::size_t>(info.block_elements);
    read_values(dtype, at, block, values.data());
    return values[index % block];
  }
  std::uint64_t code = 0;
  std::memcpy(&code, at, code_bytes(dtype));
  return code;
}

std::uint32_t code_bytes(DType dtype) {
  const DTypeInfo& info = dtype_info(dtype);
  return is_read_as_f32(info) ? 4 : std::min(8u, static_cast<std::uint32_t>(info.block_bytes));
}

std::uint64_t element_offset(DType dtype, std::uint64_t index) {
  const DTypeInfo& info = dtype_info(dtype);
  return index / static_cast<std::uint64_t>(info.block_elements) * static_cast<std::uint64_t>(info.block_bytes);
}

}  // namespace candor::audit_internal::comparison
