// Error bounds derived from the number formats. Standard model (Higham, Accuracy and Stability, 2002): one operation
// gives fl(x op y) = (x op y)(1 + d), |d| <= u; n of them give a factor within 1 ± gamma(n) = n u / (1 - n u).
// Every function states what it bounds; tests/kernels/cases_<op>.h puts them together for each op.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "candor/dtype.h"
#include "candor/op_kinds.h"
#include "kernels/kernel_row.h"

namespace candor::test {

struct Format {
  int precision;                                               // significant bits, the hidden one included
  int min_exponent;                                            // of the smallest normal
  double largest;                                              // finite
  double unit() const { return std::ldexp(1.0, -precision); }  // unit roundoff u
  double smallest_normal() const { return std::ldexp(1.0, min_exponent); }
  double smallest_subnormal() const { return std::ldexp(1.0, min_exponent - precision + 1); }
  /// From here on, round to nearest gives infinity (f8_e4m3: NaN or the largest, by its own rule).
  double overflow() const { return largest + std::ldexp(1.0, std::ilogb(largest) - precision); }
};

/// Format of a floating dtype; integers count as exact.
inline Format format_of(DType dtype) {
  switch (dtype) {
    case DType::f64:
      return {53, -1022, std::numeric_limits<double>::max()};
    case DType::f32:
      return {24, -126, 0x1.fffffep127};
    case DType::tf32:
      return {11, -126, 0x1.ffcp127};
    case DType::f16:
      return {11, -14, 65504.0};
    case DType::bf16:
      return {8, -126, 0x1.fep127};
    case DType::f8_e4m3:
      return {4, -6, 448.0};
    case DType::f8_e5m2:
      return {3, -14, 57344.0};
    default:
      return {63, -1022, std::numeric_limits<double>::max()};
  }
}

inline double unit_roundoff(DType dtype) { return format_of(dtype).unit(); }

inline constexpr double kUnitF32 = 0x1p-24;
inline constexpr double kTinyF32 = 0x1p-126;  // smallest normal f32: what a flush to zero loses at most

inline double gamma(double n, double u) {
  return n * u < 1.0 ? n * u / (1.0 - n * u) : std::numeric_limits<double>::infinity();
}

/// One rounding of |value| to `dtype`: half an ulp, or half the subnormal spacing.
inline double rounding(DType dtype, double value) {
  const Format format = format_of(dtype);
  return std::max(format.unit() * std::fabs(value), format.smallest_subnormal() / 2);
}

/// A computed f32 value within `error` of `exact`, rounded once more to `out`, which f32 holds as it is.
inline double rounded_to(DType out, double exact, double error) {
  return out == DType::f32 ? error : error + rounding(out, std::fabs(exact) + error);
}

/// Dot of K products in any order, fused or not, plus a bias: gamma(K + 1) on Σ|a b| + |bias|, and what flushes lose:
/// each product and each partial sum at most the smallest normal, each subnormal operand its product (`lost_inputs`).
inline double dot_error(std::int64_t k, DType accumulate, double absolute_sum, bool flushes, double lost_inputs = 0) {
  const double n = static_cast<double>(k) + 2;
  const double flushed = flushes ? 2 * n * kTinyF32 + lost_inputs : n * std::ldexp(1.0, -150);
  return gamma(n, unit_roundoff(accumulate)) * absolute_sum + flushed;
}

/// What an operand that is rounded to `compute` on entry adds to each product; 0 when compute is f32 or wider.
inline double entry_error(DType compute, double absolute_sum) {
  return compute == DType::f32 || compute == DType::f64 ? 0.0 : gamma(2, unit_roundoff(compute)) * absolute_sum;
}

// Largest errors in ulp (at most 2 u of the result) of the vector functions of backend/cpu/simd/math-inl.h, which
// tests/backend_cpu/math_test.cpp measures. Below the normal range an ulp is that of the subnormals.
inline constexpr double kExpUlps = 0.92;  // exp_nonpositive: 0.90
inline constexpr double kSigmoidUlps = 2.5;
inline constexpr double kTanhUlps = 1.4;
inline constexpr double kErfUlps = 1.2;
inline constexpr double kSiluUlps = 3.2;
inline constexpr double kGeluTanhUlps = 3.2;
inline constexpr double kGeluErfUlps = 5.7;

inline double activation_ulps(Activation activation) {
  switch (activation) {
    case Activation::identity:
    case Activation::relu:
      return 0;
    case Activation::silu:
      return kSiluUlps;
    case Activation::gelu_tanh:
      return kGeluTanhUlps;
    case Activation::gelu_erf:
      return kGeluErfUlps;
  }
  return 0;
}

/// Relative error of exp in f32 for an argument that carries `argument_error` itself.
inline double exp_relative(double argument_error) {
  return std::expm1(std::fabs(argument_error)) + 2 * kExpUlps * kUnitF32;
}

}  // namespace candor::test
