#include "audit/canary/conversion.h"

#include <cmath>

#include "audit/code_value.h"

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

float rounded(float x, const Rounding& rounding) {
  return f32_from_bits(Rounder<std::uint32_t>(rounding)(f32_bits(x)));
}

std::uint64_t stored(DType to, float x, RoundingMode mode, Flush flush) {
  if (to != DType::f32 && to != DType::f64) x = rounded(x, {.to = *number_format(to), .mode = mode});
  if (flush == Flush::results && to != DType::f16) x = without_subnormals(x);
  return encode(to, x);
}

/// By chance a value may end here, or one step farther from zero.
RoundingMode mode_of(Store store) {
  switch (store) {
    case Store::truncate:
    case Store::stochastic:
      return RoundingMode::toward_zero;
    case Store::half_away:
      return RoundingMode::half_away;
    case Store::nearest_even:
      break;
  }
  return RoundingMode::nearest_even;
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
  if (conversion.detour.through) x = rounded(x, *conversion.detour.through);
  const std::uint64_t bits = stored(to, x, mode_of(conversion.store), conversion.flush);
  if (conversion.store != Store::stochastic) return Prediction{bits, bits};
  return Prediction{bits, stored(to, x, RoundingMode::away_from_zero, conversion.flush)};
}

bool predicts_bits_only(DType to) { return dtype_info(to).kind == DTypeKind::integer; }

float value_of(DType dtype, std::uint64_t bits) {
  if (!is_floating(dtype)) return static_cast<float>(bits);
  return dtype == DType::f64 ? f64_to_f32(f64_from_bits(bits)) : f32_from_bits(f32_value_bits(dtype, bits));
}

bool is_nan_code(DType dtype, std::uint64_t bits) { return std::isnan(value_of(dtype, bits)); }

int element_bytes(DType dtype) {
  const DTypeInfo& info = dtype_info(dtype);
  return info.kind == DTypeKind::floating || info.kind == DTypeKind::integer ? info.block_bytes : 0;
}

}  // namespace candor::audit_internal
