#include "backend/ref/elements.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "candor/error.h"
#include "core/blocks.h"
#include "core/formats.h"
#include "core/packed.h"

namespace candor::ref {
namespace {

// Elements of mapped files need not be aligned, so everything goes through memcpy.
template <class T> T read(const void* data, std::int64_t index) {
  T value;
  std::memcpy(&value, static_cast<const std::byte*>(data) + index * static_cast<std::int64_t>(sizeof(T)), sizeof(T));
  return value;
}

template <class T> void write(void* data, std::int64_t index, T value) {
  std::memcpy(static_cast<std::byte*>(data) + index * static_cast<std::int64_t>(sizeof(T)), &value, sizeof(T));
}

[[noreturn]] void refuse(DType dtype, const char* what) {
  throw DTypeError("reference kernel: " + std::string(dtype_name(dtype)) + " cannot be " + what +
                   "; cast it to a floating dtype first");
}

// i64 to f64, rounded to odd when inexact: the last bit remembers that something was lost.
double odd_from_i64(std::int64_t value) {
  const std::uint64_t magnitude =
      value < 0 ? 0u - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
  const int shift = std::max(0, 11 - std::countl_zero(magnitude));  // 53 bits stay
  const std::uint64_t lost = magnitude & ((std::uint64_t{1} << shift) - 1u);
  const double odd = std::ldexp(static_cast<double>(magnitude >> shift | (lost != 0 ? 1u : 0u)), shift);
  return value < 0 ? -odd : odd;
}

// Nearest even, saturating; NaN becomes 0.
template <class T> T integer_from(double value) {
  if (std::isnan(value)) return 0;
  const double rounded = std::nearbyint(value);
  if (rounded >= static_cast<double>(std::numeric_limits<T>::max())) return std::numeric_limits<T>::max();
  if (rounded <= static_cast<double>(std::numeric_limits<T>::min())) return std::numeric_limits<T>::min();
  return static_cast<T>(rounded);
}

double load_block_element(DType dtype, const void* data, std::int64_t index) {
  const DTypeInfo& info = dtype_info(dtype);
  float values[kSuperBlockElements];
  const auto* block = static_cast<const std::byte*>(data) + index / info.block_elements * info.block_bytes;
  if (!dequantize_blocks(dtype, block, info.block_elements, values)) refuse(dtype, "read");
  return f32_to_f64(values[index % info.block_elements]);
}

bool is_block_row(const ConstView& view) { return dtype_info(view.dtype).kind == DTypeKind::block; }

}  // namespace

double load_element(DType dtype, const void* data, std::int64_t index) {
  switch (dtype) {
    case DType::f64: return read<double>(data, index);
    case DType::f32: return f32_to_f64(read<float>(data, index));
    case DType::f16: return f32_to_f64(f16_bits_to_f32(read<std::uint16_t>(data, index)));
    case DType::bf16: return f32_to_f64(bf16_bits_to_f32(read<std::uint16_t>(data, index)));
    case DType::f8_e4m3: return f32_to_f64(f8_e4m3_bits_to_f32(read<std::uint8_t>(data, index)));
    case DType::f8_e5m2: return f32_to_f64(f8_e5m2_bits_to_f32(read<std::uint8_t>(data, index)));
    case DType::i64: return odd_from_i64(read<std::int64_t>(data, index));
    case DType::i32: return read<std::int32_t>(data, index);
    case DType::i8: return read<std::int8_t>(data, index);
    case DType::u8: return read<std::uint8_t>(data, index);
    case DType::bool_: return read<std::uint8_t>(data, index) != 0 ? 1.0 : 0.0;
    default: return load_block_element(dtype, data, index);
  }
}

void store_element(DType dtype, void* data, std::int64_t index, double value) {
  switch (dtype) {
    case DType::f64: return write(data, index, value);
    case DType::f32: return write(data, index, f64_to_f32(value));
    case DType::f16: return write(data, index, f64_to_f16_bits(value));
    case DType::bf16: return write(data, index, f64_to_bf16_bits(value));
    case DType::f8_e4m3: return write(data, index, f64_to_f8_e4m3_bits(value));
    case DType::f8_e5m2: return write(data, index, f64_to_f8_e5m2_bits(value));
    case DType::i64: return write(data, index, integer_from<std::int64_t>(value));
    case DType::i32: return write(data, index, integer_from<std::int32_t>(value));
    case DType::i8: return write(data, index, integer_from<std::int8_t>(value));
    case DType::u8: return write(data, index, integer_from<std::uint8_t>(value));
    case DType::bool_: return write(data, index, static_cast<std::uint8_t>(value != 0.0));
    default: refuse(dtype, "written");
  }
}

std::int64_t row_length(const ConstView& view) { return view.rank == 0 ? 1 : view.shape[view.rank - 1]; }

std::int64_t row_count(const ConstView& view) {
  std::int64_t rows = 1;
  for (int i = 0; i + 1 < view.rank; ++i) rows *= view.shape[i];
  return rows;
}

std::int64_t element_index(const ConstView& view, std::int64_t row, std::int64_t column) {
  if (view.layout == Layout::packed_tiles) return packed_index(view.dtype, view.shape[1], row, column);
  std::int64_t index = view.rank == 0 ? 0 : column * view.stride[view.rank - 1];
  for (int i = view.rank - 2; i >= 0; --i) {
    index += row % view.shape[i] * view.stride[i];
    row /= view.shape[i];
  }
  return index;
}

Doubles load_row(const ConstView& view, std::int64_t row) {
  Doubles values(static_cast<std::size_t>(row_length(view)));
  if (is_block_row(view) && !values.empty()) {  // contiguous along the row: whole blocks at once
    const DTypeInfo& info = dtype_info(view.dtype);
    const auto* blocks = view.as<std::byte>() + element_index(view, row, 0) / info.block_elements * info.block_bytes;
    std::vector<float> widened(values.size());
    if (!dequantize_blocks(view.dtype, blocks, row_length(view), widened.data())) refuse(view.dtype, "read");
    std::transform(widened.begin(), widened.end(), values.begin(), f32_to_f64);
    return values;
  }
  for (std::size_t c = 0; c < values.size(); ++c)
    values[c] = load_element(view.dtype, view.data, element_index(view, row, static_cast<std::int64_t>(c)));
  return values;
}

Doubles load_all(const ConstView& view) {
  Doubles values;
  values.reserve(static_cast<std::size_t>(view.elements()));
  for (std::int64_t r = 0; r < row_count(view); ++r) {
    const Doubles row = load_row(view, r);
    values.insert(values.end(), row.begin(), row.end());
  }
  return values;
}

void store_row(const View& view, std::int64_t row, const Doubles& values) {
  for (std::size_t c = 0; c < values.size(); ++c)
    store_element(view.dtype, view.as<void>(), element_index(view, row, static_cast<std::int64_t>(c)), values[c]);
}

void store_all(const View& view, const Doubles& values) {
  const std::int64_t length = row_length(view);
  if (length == 0) return;
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(values.size()); ++i)
    store_element(view.dtype, view.as<void>(), element_index(view, i / length, i % length),
                  values[static_cast<std::size_t>(i)]);
}

double round_to(DType dtype, double value) {
  std::uint64_t bytes = 0;
  store_element(dtype, &bytes, 0, value);
  return load_element(dtype, &bytes, 0);
}

}  // namespace candor::ref
