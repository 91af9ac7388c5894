#include "audit/canary/conversion.h"

#include <cmath>

#include "core/formats.h"

namespace candor::audit_internal {
namespace {

float read_as(BitView view, DType from, std::uint32_t code) {
  switch (view) {
    case BitView::swapped:
      return value_of(from, element_bytes(from) == 2 ? (code >> 8 | (code & 0xffu) << 8) : __builtin_bswap32(code));
    case BitView::as_f16:
      return f16_bits_to_f32(static_cast<std::uint16_t>(code));
    case BitView::as_bf16:
      return bf16_bits_to_f32(static_cast<std::uint16_t>(code));
    default:
      return value_of(from, code);
  }
}

float without_subnormals(float x) {
  const std::uint32_t bits = f32_bits(x);
  return (bits & 0x7f800000u) == 0 ? f32_from_bits(bits & 0x80000000u) : x;
}

struct Stored {
  ValueFormat format;
  Overflow overflow;
};
std::optional<Stored> stored_as(DType to) {
  switch (to) {
    case DType::bf16:
      return Stored{kBf16Format, Overflow::infinity};
    case DType::f16:
      return Stored{kF16Format, Overflow::infinity};
    case DType::f8_e4m3:
      return Stored{kE4m3Format, Overflow::nan};
    case DType::f8_e5m2:
      return Stored{kE5m2Format, Overflow::infinity};
    default:
      return std::nullopt;  // f32, f64: nothing is rounded
  }
}

/// Exact: `x` is a value of the dtype.
std::uint64_t encode(DType to, float x) {
  switch (to) {
    case DType::bf16:
      return f32_to_bf16_bits(x);
    case DType::f16:
      return f32_to_f16_bits(x);
    case DType::f8_e4m3:
      return f32_to_f8_e4m3_bits(x);
    case DType::f8_e5m2:
      return f32_to_f8_e5m2_bits(x);
    case DType::f64:
      return f64_bits(f32_to_f64(x));
    default:
      return f32_bits(x);
  }
}

std::uint64_t stored(DType to, float x, Rounding rounding, Flush flush) {
  if (const std::optional<Stored> narrow = stored_as(to))
    x = round_to(narrow->format, x, rounding, narrow->overflow, false);
  if (flush == Flush::results && to != DType::f16) x = without_subnormals(x);
  return encode(to, x);
}

}  // namespace

std::optional<Prediction> predict(const Conversion& conversion, DType from, std::uint32_t code, DType to) {
  if (conversion.view == BitView::as_integer || predicts_bits_only(to)) {
    if (conversion.view != BitView::as_integer || !predicts_bits_only(to)) return std::nullopt;
    if (element_bytes(to) != element_bytes(from)) return std::nullopt;
    return Prediction{code, code};
  }
  const bool other_reading = conversion.view == BitView::as_f16 || conversion.view == BitView::as_bf16;
  if (other_reading && element_bytes(from) != 2) return std::nullopt;
  float x = read_as(conversion.view, from, code);
  if (conversion.flush == Flush::inputs) x = without_subnormals(x);
  const Detour& detour = conversion.detour;
  if (detour.format) x = round_to(*detour.format, x, detour.rounding, detour.overflow, detour.flush);
  switch (conversion.store) {
    case Store::truncate: {
      const std::uint64_t bits = stored(to, x, Rounding::truncate, conversion.flush);
      return Prediction{bits, bits};
    }
    case Store::half_away: {
      const std::uint64_t bits = stored(to, x, Rounding::half_away, conversion.flush);
      return Prediction{bits, bits};
    }
    case Store::stochastic:
      return Prediction{stored(to, x, Rounding::truncate, conversion.flush),
                        stored(to, x, Rounding::upward, conversion.flush)};
    case Store::nearest_even:
      break;
  }
  const std::uint64_t bits = stored(to, x, Rounding::nearest_even, conversion.flush);
  return Prediction{bits, bits};
}

bool predicts_bits_only(DType to) { return dtype_info(to).kind == DTypeKind::integer; }

float value_of(DType dtype, std::uint64_t bits) {
  switch (dtype) {
    case DType::bf16:
      return bf16_bits_to_f32(static_cast<std::uint16_t>(bits));
    case DType::f16:
      return f16_bits_to_f32(static_cast<std::uint16_t>(bits));
    case DType::f8_e4m3:
      return f8_e4m3_bits_to_f32(static_cast<std::uint8_t>(bits));
    case DType::f8_e5m2:
      return f8_e5m2_bits_to_f32(static_cast<std::uint8_t>(bits));
    case DType::f64:
      return f64_to_f32(f64_from_bits(bits));
    case DType::f32:
      return f32_from_bits(static_cast<std::uint32_t>(bits));
    default:
      return static_cast<float>(bits);
  }
}

bool is_nan_code(DType dtype, std::uint64_t bits) { return std::isnan(value_of(dtype, bits)); }

int element_bytes(DType dtype) {
  const DTypeInfo& info = dtype_info(dtype);
  return info.kind == DTypeKind::floating || info.kind == DTypeKind::integer ? info.block_bytes : 0;
}

}  // namespace candor::audit_internal
