#include "convert/value_change.h"

#include <algorithm>
#include <cmath>

#include "core/formats.h"

namespace candor::convert_internal {
namespace {

struct Bf16 {
  std::uint16_t bits;
  double value() const { return static_cast<double>(bf16_bits_to_f32(bits)); }
};
struct F16 {
  std::uint16_t bits;
  double value() const { return static_cast<double>(f16_bits_to_f32(bits)); }
};
struct F32 {
  float number;
  double value() const { return static_cast<double>(number); }
};
struct F64 {
  double number;
  double value() const { return number; }
};

void count_change(double before, double after, ValueChange& change) {
  if (std::isnan(before)) {
    if (!std::isnan(after)) ++change.changed;
    return;
  }
  ++change.changed;
  if (std::isinf(after)) {
    ++change.overflowed;
  } else if (after == 0) {
    ++change.flushed;
  } else {
    change.max_relative = std::max(change.max_relative, std::fabs(after - before) / std::fabs(before));
  }
}

template <class Before, class After>
ValueChange compare(const Before* before, const After* after, std::int64_t count) {
  ValueChange change;
  for (std::int64_t i = 0; i < count; ++i) {
    const double x = before[i].value(), y = after[i].value();
    if (!(x == y)) count_change(x, y, change);
  }
  return change;
}

template <class Before>
ValueChange compare_with(const Before* before, const Tensor& after) {
  switch (after.dtype()) {
    case DType::bf16:
      return compare(before, after.data_as<Bf16>(), after.elements());
    case DType::f16:
      return compare(before, after.data_as<F16>(), after.elements());
    default:
      return compare(before, after.data_as<F32>(), after.elements());
  }
}

bool is_f8(DType dtype) { return dtype == DType::f8_e4m3 || dtype == DType::f8_e5m2; }

}  // namespace

void ValueChange::add(const ValueChange& other) {
  changed += other.changed;
  overflowed += other.overflowed;
  flushed += other.flushed;
  max_relative = std::max(max_relative, other.max_relative);
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

ValueChange count_changes(const Tensor& before, const Tensor& after) {
  if (is_exact(before.dtype(), after.dtype())) return {};
  switch (before.dtype()) {
    case DType::f64:
      return compare_with(before.data_as<F64>(), after);
    case DType::f32:
      return compare_with(before.data_as<F32>(), after);
    case DType::bf16:
      return compare_with(before.data_as<Bf16>(), after);
    case DType::f16:
      return compare_with(before.data_as<F16>(), after);
    default: {
      const std::vector<float> values = before.to_f32();
      return compare_with(reinterpret_cast<const F32*>(values.data()), after);
    }
  }
}

}  // namespace candor::convert_internal
