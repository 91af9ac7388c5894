// unary, binary and rope as plain loops that do one thing otherwise than their row says: the prover must name it.
#pragma once

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include <cmath>

#include "backend/ref/elements.h"
#include "backend/ref/functions.h"
#include "kernels/kernel_row.h"
#include "prove/rounding.h"

namespace candor::test {

enum class ValueLie {
  none,
  x_through_bf16,         // on its way in
  z_through_bf16,         // the same; rope: its tables
  products_through_bf16,  // rope: before they are added
  through_f16,            // the result on its way out
  through_bf16,
  formed_in_f64,  // too good
  truncates,
  ties_away,
  flushes,
  loses_nan,
  tail_through_bf16,      // of every row: what sixteen does not divide
  repeated_through_bf16,  // binary: z where it is broadcast along a row
  second_through_bf16,    // rope: b cos + a sin only
  interleaved_through_bf16,
  errs_by_one_ulp,  // unary: functions whose results are not exact; this is honest
  errs_by_64_ulps,
  errs_by_one_in_10000,  // as much as 16-bit storage hides in most arguments
  twelve_bits,           // unary: what an estimate like that of rsqrtps has; binary: of one over z
  pairs_in_reverse,      // rope: the angles of the last pair for the first one
  rows_in_reverse,       // binary: z
};
inline ValueLie value_lie = ValueLie::none;  // of the kernels below; launches are plain functions
inline int lying_kind = -1;                  // unary, binary: the only kind that lies; -1: all do

inline bool lies(ValueLie lie) { return value_lie == lie; }
inline double through_bf16_if(bool lying, double value) { return lying ? prove::round_to(DType::bf16, value) : value; }
/// Subnormals of f32, or those of f16 where all is f16.
inline double without_subnormals(bool f16_only, double value) {
  const double smallest = f16_only ? 0x1p-14 : 0x1p-126;
  return lies(ValueLie::flushes) && std::fabs(value) < smallest ? std::copysign(0.0, value) : value;
}

/// The result in storage `out`.
inline double lying_result(DType out, bool f16_only, double value) {
  if (std::isnan(value)) return lies(ValueLie::loses_nan) ? 1.0 : value;
  if (out != DType::f32 && !lies(ValueLie::formed_in_f64)) value = prove::round_to(DType::f32, value);
  value = without_subnormals(f16_only, value);
  if (lies(ValueLie::through_f16)) value = prove::round_to(DType::f16, value);
  if (lies(ValueLie::through_bf16)) value = prove::round_to(DType::bf16, value);
  return prove::round_to(out, value,
                         lies(ValueLie::truncates)   ? prove::Rounding::toward_zero
                         : lies(ValueLie::ties_away) ? prove::Rounding::half_away
                                                     : prove::Rounding::nearest_even);
}

inline bool in_tail(std::size_t column, std::size_t columns) { return column >= columns / 16 * 16; }

inline double twelve_bits_of(double value) {
  return value == 0 ? value
                    : std::ldexp(std::nearbyint(std::ldexp(value, 11 - std::ilogb(value))), std::ilogb(value) - 11);
}

/// A result of exp and its like, a little too large.
inline double erring(UnaryKind kind, double value) {
  if (kind <= UnaryKind::sqrt || kind == UnaryKind::relu) return value;
  if (lies(ValueLie::errs_by_one_in_10000)) return value * (1 + 1e-4);
  if (lies(ValueLie::twelve_bits)) return std::isfinite(value) ? twelve_bits_of(value) : value;
  return value * (lies(ValueLie::errs_by_64_ulps) ? 1 + 0x1p-17 : lies(ValueLie::errs_by_one_ulp) ? 1 + 0x1p-24 : 1);
}

/// Turns the lie off for kinds that are to be honest.
class LieOfKind {
 public:
  explicit LieOfKind(int kind) : before_(value_lie) {
    if (lying_kind >= 0 && lying_kind != kind) value_lie = ValueLie::none;
  }
  ~LieOfKind() { value_lie = before_; }

 private:
  ValueLie before_;
};

inline void lying_unary(const Unary& args, Stream&) {
  const LieOfKind lie(static_cast<int>(args.kind));
  const bool f16_only = args.x.dtype == DType::f16;
  for (std::int64_t r = 0; r < ref::row_count(args.x); ++r) {
    ref::Doubles values = ref::load_row(args.x, r);
    for (std::size_t c = 0; c < values.size(); ++c) {
      double x = through_bf16_if(lies(ValueLie::x_through_bf16), without_subnormals(f16_only, values[c]));
      x = through_bf16_if(lies(ValueLie::tail_through_bf16) && in_tail(c, values.size()), x);
      values[c] = lying_result(args.y.dtype, f16_only, erring(args.kind, ref::apply(args.kind, x)));
    }
    ref::store_row(args.y, r, values);
  }
}

inline void lying_binary(const Binary& args, Stream&) {
  const LieOfKind lie(static_cast<int>(args.kind));
  const bool f16_only = args.x.dtype == DType::f16 && args.z.dtype == DType::f16;
  const bool repeated = args.z.rank > 0 && args.z.stride[args.z.rank - 1] == 0;
  const bool z_through_bf16 = lies(ValueLie::z_through_bf16) || (lies(ValueLie::repeated_through_bf16) && repeated);
  for (std::int64_t r = 0; r < ref::row_count(args.x); ++r) {
    ref::Doubles values = ref::load_row(args.x, r);
    const std::int64_t last = ref::row_count(args.x) - 1;
    const ref::Doubles others = ref::load_row(args.z, lies(ValueLie::rows_in_reverse) ? last - r : r);
    for (std::size_t c = 0; c < values.size(); ++c) {
      double x = through_bf16_if(lies(ValueLie::x_through_bf16), without_subnormals(f16_only, values[c]));
      x = through_bf16_if(lies(ValueLie::tail_through_bf16) && in_tail(c, values.size()), x);
      const double z = through_bf16_if(z_through_bf16, without_subnormals(f16_only, others[c]));
      double value = ref::apply(args.kind, x, z);
      if (lies(ValueLie::twelve_bits) && args.kind == BinaryKind::div && std::isfinite(value) && std::isfinite(1 / z))
        value = x * twelve_bits_of(1 / z);
      values[c] = lying_result(args.y.dtype, f16_only, value);
    }
    ref::store_row(args.y, r, values);
  }
}

inline void lying_rope(const Rope& args, Stream&) {
  const std::int64_t heads = args.x.shape[1], pairs = args.cos.shape[1];
  const bool halves = args.style == RopeStyle::half_split;
  const auto product = [](double value, double angle) {
    angle = through_bf16_if(lies(ValueLie::z_through_bf16), without_subnormals(false, angle));
    value = through_bf16_if(lies(ValueLie::x_through_bf16), without_subnormals(false, value));
    return through_bf16_if(lies(ValueLie::products_through_bf16), without_subnormals(false, value * angle));
  };
  for (std::int64_t t = 0; t < args.x.shape[0]; ++t) {
    const ref::Doubles cos = ref::load_row(args.cos, t), sin = ref::load_row(args.sin, t);  // [R]
    for (std::int64_t h = 0; h < heads; ++h) {
      ref::Doubles values = ref::load_row(args.x, t * heads + h);  // [D]
      for (std::int64_t i = 0; i < pairs; ++i) {
        const auto at = static_cast<std::size_t>(lies(ValueLie::pairs_in_reverse) ? pairs - 1 - i : i);
        double& first = values[static_cast<std::size_t>(halves ? i : 2 * i)];
        double& second = values[static_cast<std::size_t>(halves ? i + pairs : 2 * i + 1)];
        const double a = first, b = second;
        const bool tail = lies(ValueLie::tail_through_bf16) && in_tail(at, static_cast<std::size_t>(pairs));
        const bool both = tail || (lies(ValueLie::interleaved_through_bf16) && !halves);
        const auto result = [&](bool lying, double value) {
          return lying_result(args.y.dtype, false, through_bf16_if(lying, value));
        };
        first = result(both, product(a, cos[at]) - product(b, sin[at]));
        second = result(both || lies(ValueLie::second_through_bf16), product(b, cos[at]) + product(a, sin[at]));
      }
      ref::store_row(args.y, t * heads + h, values);
    }
  }
}

#if defined(__x86_64__)
/// f32 arithmetic as the hardware does it in the mode that flushes: operands and results. max and min keep subnormals.
class FlushingMode {
 public:
  FlushingMode() : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8040u); }
  ~FlushingMode() { _mm_setcsr(before_); }

 private:
  unsigned before_;
};

/// volatile: nothing is computed outside the mode.
inline float hardware_value(BinaryKind kind, float first, float second) {
  const FlushingMode mode;
  const volatile float x = first, z = second;
  volatile float y = x;
  switch (kind) {
    case BinaryKind::add:
      y = x + z;
      break;
    case BinaryKind::sub:
      y = x - z;
      break;
    case BinaryKind::mul:
      y = x * z;
      break;
    case BinaryKind::div:
      y = x / z;
      break;
    case BinaryKind::max:
      y = x < z || std::isnan(z) ? z : x;
      break;
    case BinaryKind::min:
      y = z < x || std::isnan(z) ? z : x;
      break;
  }
  return y;
}

inline void flushing_binary(const Binary& args, Stream&) {
  for (std::int64_t r = 0; r < ref::row_count(args.x); ++r) {
    ref::Doubles values = ref::load_row(args.x, r);
    const ref::Doubles others = ref::load_row(args.z, r);
    for (std::size_t c = 0; c < values.size(); ++c)
      if (!std::isnan(values[c]))
        values[c] = hardware_value(args.kind, static_cast<float>(values[c]), static_cast<float>(others[c]));
    ref::store_row(args.y, r, values);
  }
}
#endif

}  // namespace candor::test
