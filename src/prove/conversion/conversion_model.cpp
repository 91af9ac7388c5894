#include "prove/conversion/conversion_model.h"

#include <algorithm>
#include <cstring>

#include "prove/value/value_path.h"

namespace candor::prove {
namespace {

bool is_integer(DType dtype) { return !is_floating(dtype) && !is_block(dtype); }

/// No arithmetic but plain rounding.
bool is_plain(const Arithmetic& a) {
  return a.before_out == DType::any && a.rounding == Rounding::nearest_even && !a.flushes;
}

double whole(double value, Rounding rounding) {
  if (rounding == Rounding::toward_zero) return std::trunc(value);
  return rounding == Rounding::half_away ? std::round(value) : std::nearbyint(value);
}

/// Formats between the two that do not hold all of the first one.
std::vector<DType> detours(DType from, DType to) {
  using enum DType;
  if (is_integer(from)) return from == i64 ? std::vector{f64} : from == i32 ? std::vector{f32} : std::vector<DType>{};
  std::vector<DType> all;
  if (is_block(to)) return all;
  for (const DType dtype : {f32, f16, tf32, bf16})
    if (dtype != to && !holds_all(dtype, from)) all.push_back(dtype);
  return all;
}

bool is_quiet_nan(DType dtype, std::uint64_t code) {
  return std::isnan(decode(dtype, code)) && quieted(dtype, code) == code;
}

}  // namespace

double converted(DType dtype, double value, Rounding rounding) {
  if (dtype == DType::any) return value;
  if (is_integer(dtype)) return whole(value, rounding) + 0.0;  // no -0
  const double rounded = round_to(dtype, value, rounding);
  return std::isinf(rounded) && !format_of(dtype).infinity ? std::copysign(std::nan(""), rounded) : rounded;
}

double value_of_code(DType dtype, std::uint64_t code) {
  return is_integer(dtype) ? static_cast<double>(integer_of(dtype, code)) : decode(dtype, code);
}

bool ConversionModel::last_step_is_exact(DType before) const {
  if (moves_ || is_integer(to_)) return moves_;
  return holds_all(to_, from_) || (before != DType::any && holds_all(to_, before));
}

std::vector<Arithmetic> ConversionModel::combinations() const {
  std::vector<DType> between = {DType::any};
  for (const DType dtype : detours(from_, to_)) between.push_back(dtype);
  const bool floats = !is_integer(from_) && !is_integer(to_);
  std::vector<Arithmetic> all;
  for (const bool loses_nan : {false, true})
    for (const bool flushes : {false, true})
      for (const Rounding rounding : {Rounding::nearest_even, Rounding::toward_zero, Rounding::half_away})
        for (const DType before : between) {
          if ((loses_nan || flushes) && !floats) continue;
          if (moves_ && loses_nan && before != DType::any) continue;  // a detour may make them quiet
          if (rounding != Rounding::nearest_even && last_step_is_exact(before)) continue;
          Arithmetic a;
          a.before_out = before;
          a.rounding = rounding;
          a.flushes = flushes;
          a.loses_nan = loses_nan;
          all.push_back(a);
        }
  const auto deviations = [](const Arithmetic& a) {
    return (a.before_out != DType::any) + (a.rounding != Rounding::nearest_even) + a.flushes + a.loses_nan;
  };
  std::stable_sort(all.begin(), all.end(),
                   [&](const Arithmetic& x, const Arithmetic& y) { return deviations(x) < deviations(y); });
  return all;
}

double ConversionModel::path(double value, const Arithmetic& a) const {
  const double formed = is_block(from_) ? round_to(DType::f32, value) : value;  // a block's value is f32
  return converted(to_, converted(a.before_out, formed, Rounding::nearest_even), a.rounding);
}

Prediction ConversionModel::result(const Element& element, const Arithmetic& a) const {
  const double kept = path(element.value, a);
  if (!a.flushes) return exactly(kept);
  const double least = smallest_normal(to_);
  const auto flushed_result = [&](double value) {
    return std::fabs(value) < least ? std::copysign(0.0, value) : value;
  };
  const double low = flushed_result(path(element.flushed, a)), high = flushed_result(kept);
  // Where the operand is flushed, the result of one that is not may still be seen: blocks of subnormal scale in f16.
  if (element.flushed != element.value && is_block(from_) && to_ == DType::f16)
    return {std::min(low, high), std::max(low, high)};
  // Rounded up to the smallest normal number: flushed before that, or not.
  if (std::fabs(kept) == least && std::fabs(element.value) < least)
    return {std::min(kept, std::copysign(0.0, kept)), std::max(kept, std::copysign(0.0, kept))};
  return exactly(low);
}

/// [1, 1]: as by plain rounding; [0, 0]: otherwise; [0, 1]: it may be.
Prediction ConversionModel::agreement(const Element& element, const Arithmetic& a) const {
  if (!computes()) {
    const bool zeroed = a.flushes && element.flushed != element.value;  // a NaN is unlike itself, and not flushed
    return exactly(zeroed && !std::isnan(element.value) ? 0 : 1);       // integers: see right()
  }
  const Prediction range = result(element, a), plain = result(element, Arithmetic{});
  if (!range.contains(plain.low)) return exactly(0);
  const bool same = range == plain || (std::isnan(range.low) && std::isnan(plain.low));
  return {same ? 1.0 : 0.0, 1.0};
}

Prediction ConversionModel::right(const Elements& elements, const Arithmetic& a) const {
  const auto count = static_cast<double>(elements.values.size());
  if (is_plain(a)) return exactly(count);
  Prediction sum{0, 0};
  for (std::size_t i = 0; i < elements.values.size(); ++i) {
    Prediction one = agreement(elements.values[i], a);
    if (is_integer(from_)) {
      std::uint64_t code = 0;
      std::memcpy(&code, elements.unit(static_cast<std::int64_t>(i)), static_cast<std::size_t>(element_bytes(from_)));
      const std::int64_t value = integer_of(from_, code);
      const double rounded = round_to(a.before_out, static_cast<double>(value));
      one = exactly(std::fabs(rounded) < 0x1p63 && static_cast<std::int64_t>(rounded) == value ? 1 : 0);
    }
    sum.low += one.low;
    sum.high += one.high;
  }
  return sum;
}

bool ConversionModel::is_right(const Elements& elements, std::int64_t i, const std::byte* bytes) const {
  const auto size = static_cast<std::size_t>(element_bytes(to_));
  if (moves_) return std::memcmp(bytes, elements.unit(i), size) == 0;
  std::uint64_t code = 0;
  std::memcpy(&code, bytes, size);
  const double value = elements.values[static_cast<std::size_t>(i)].value;
  const double plain = path(value, Arithmetic{});
  if (is_integer(to_)) return value_of_code(to_, code) == plain;
  if (!std::isnan(plain)) return code == encode(to_, plain);
  if (!is_quiet_nan(to_, code)) return false;
  const bool negative = (code & sign_bit(to_)) != 0;
  return is_block(from_) || negative == std::signbit(value);  // a product with NaN may have either sign
}

}  // namespace candor::prove
