#include "convert/value_change.h"

#include <algorithm>
#include <cmath>

#include "core/formats.h"

namespace candor::convert_internal {
namespace {

struct Bf16 {
  static constexpr double kSmallestNormal = 0x1p-126;
  static constexpr int kMantissa = 7;
  std::uint16_t bits;
  double value() const { return f32_to_f64(bf16_bits_to_f32(bits)); }
};
struct F16 {
  static constexpr double kSmallestNormal = 0x1p-14;
  static constexpr int kMantissa = 10;
  std::uint16_t bits;
  double value() const { return f32_to_f64(f16_bits_to_f32(bits)); }
};
struct F32 {
  static constexpr double kSmallestNormal = 0x1p-126;
  static constexpr int kMantissa = 23;
  float number;
  double value() const { return f32_to_f64(number); }
};
struct F64 {
  static constexpr double kSmallestNormal = 0x1p-1022;
  double number;
  double value() const { return number; }
};

/// The target's step at `value`, which is finite and not zero.
template <class After>
double step_at(double value) {
  return std::ldexp(1.0, std::ilogb(std::max(std::fabs(value), After::kSmallestNormal)) - After::kMantissa);
}

template <class After>
void count_change(double before, double after, std::uint64_t element, ValueChange& change) {
  if (std::isnan(before)) {
    if (!std::isnan(after)) ++change.changed;
    return;
  }
  ++change.changed;
  const ChangedValue here{element, before, after};
  const bool overflows = std::isinf(after), below = std::fabs(before) < After::kSmallestNormal;
  if (overflows) {
    if (change.overflowed++ == 0) change.first_overflowed = here;
  } else if (after == 0) {
    if (change.flushed++ == 0) change.first_flushed = here;
  } else {
    change.max_relative = std::max(change.max_relative, std::fabs(after - before) / std::fabs(before));
  }
  if (std::isfinite(before) && std::isfinite(after))
    change.max_ulps = std::max(change.max_ulps, std::fabs(after - before) / step_at<After>(before));
  if (!overflows && !below) return;
  ++change.unreachable;
  if (!change.first) change.first = here;
}

template <class Before, class After>
ValueChange compare(const Before* before, const After* after, std::int64_t count, std::uint64_t first) {
  ValueChange change;
  for (std::int64_t i = 0; i < count; ++i) {
    const double x = before[i].value(), y = after[i].value(), magnitude = std::fabs(y);
    if (magnitude < After::kSmallestNormal && magnitude > 0 && std::fabs(x) >= Before::kSmallestNormal)
      ++change.became_subnormal;
    if (!(x == y)) count_change<After>(x, y, first + static_cast<std::uint64_t>(i), change);
  }
  return change;
}

template <class Before>
ValueChange compare_with(const Before* before, const Tensor& after, std::uint64_t first) {
  switch (after.dtype()) {
    case DType::bf16:
      return compare(before, after.data_as<Bf16>(), after.elements(), first);
    case DType::f16:
      return compare(before, after.data_as<F16>(), after.elements(), first);
    default:
      return compare(before, after.data_as<F32>(), after.elements(), first);
  }
}

bool is_f8(DType dtype) { return dtype == DType::f8_e4m3 || dtype == DType::f8_e5m2; }

}  // namespace

void ValueChange::add(const ValueChange& other) {
  changed += other.changed;
  overflowed += other.overflowed;
  flushed += other.flushed;
  became_subnormal += other.became_subnormal;
  unreachable += other.unreachable;
  max_relative = std::max(max_relative, other.max_relative);
  max_ulps = std::max(max_ulps, other.max_ulps);
  if (!first) first = other.first;
  if (!first_overflowed) first_overflowed = other.first_overflowed;
  if (!first_flushed) first_flushed = other.first_flushed;
}

bool is_exact(DType from, DType to) {
  if (from == to) return true;
  if (to == DType::f32) return from != DType::f64;  // blocks stand for f32 values
  return is_f8(from);                               // f16 and bf16 hold every value of both 8-bit formats
}

bool can_lose(DType from, DType to) {
  if (is_exact(from, to)) return false;
  if (to == DType::f16) return true;
  return from == DType::f32 || from == DType::f64;  // f16 and blocks stay far below the largest bf16
}

ValueChange count_changes(const Tensor& before, const Tensor& after, std::uint64_t first_element) {
  if (is_exact(before.dtype(), after.dtype())) return {};
  switch (before.dtype()) {
    case DType::f64:
      return compare_with(before.data_as<F64>(), after, first_element);
    case DType::f32:
      return compare_with(before.data_as<F32>(), after, first_element);
    case DType::bf16:
      return compare_with(before.data_as<Bf16>(), after, first_element);
    case DType::f16:
      return compare_with(before.data_as<F16>(), after, first_element);
    default: {
      const std::vector<float> values = before.to_f32();
      return compare_with(reinterpret_cast<const F32*>(values.data()), after, first_element);
    }
  }
}

}  // namespace candor::convert_internal
