// Comparators of tensors. Never lenient: a shape difference, a NaN for a number, a number for a NaN and a missing
// infinity are failures; tests/support/compare_test.cpp plants each of them.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <iomanip>
#include <limits>
#include <span>
#include <sstream>
#include <string>

#include "support/tolerance.h"

namespace candor::test {

struct Comparison {
  bool ok = true;
  std::string message;         // of the first difference
  std::int64_t differences = 0;
  double worst = 0;            // largest |error| / bound

  void fail(const std::string& text) {
    if (ok) message = text;
    ok = false;
    ++differences;
  }
};

inline std::string describe(double value) {
  std::ostringstream text;
  text << std::setprecision(17) << value << " (" << std::hexfloat << value << ")";
  return text.str();
}

/// |actual - expected| <= bound, element by element; `out` is the format that `actual` was stored in, because a finite
/// expectation may overflow there.
inline Comparison compare_bounded(std::span<const double> expected, std::span<const double> actual,
                                  std::span<const double> bound, DType out) {
  Comparison result;
  if (expected.size() != actual.size() || expected.size() != bound.size()) {
    result.fail("sizes differ: " + std::to_string(expected.size()) + " expected, " + std::to_string(actual.size()) +
                " actual, " + std::to_string(bound.size()) + " bounds");
    return result;
  }
  const double overflow = format_of(out).overflow();
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double e = expected[i], a = actual[i], b = bound[i];
    bool same = false;
    if (std::isnan(e)) {
      same = std::isnan(a);
    } else if (std::isinf(e)) {
      same = a == e;
    } else if (std::isinf(a)) {  // legal only where rounding may have overflowed
      same = std::signbit(a) == std::signbit(e) && std::fabs(e) + b >= overflow;
    } else if (!std::isnan(a)) {
      const double error = std::fabs(a - e);
      same = error <= b;  // false when the bound is NaN
      if (b > 0) result.worst = std::max(result.worst, error / b);
    }
    if (!same)
      result.fail("element " + std::to_string(i) + " of " + std::to_string(expected.size()) + ": expected " +
                  describe(e) + ", got " + describe(a) + ", allowed error " + describe(b));
  }
  return result;
}

/// Equal bytes. `unit` is the size of one element, for the message.
inline Comparison compare_bytes(std::span<const std::byte> expected, std::span<const std::byte> actual,
                                std::size_t unit) {
  Comparison result;
  if (expected.size() != actual.size()) {
    result.fail("sizes differ: " + std::to_string(expected.size()) + " bytes expected, " +
                std::to_string(actual.size()) + " actual");
    return result;
  }
  const auto hex = [&](std::span<const std::byte> bytes, std::size_t at) {
    std::ostringstream text;
    text << "0x" << std::hex << std::setfill('0');
    for (std::size_t i = unit; i-- > 0;) text << std::setw(2) << static_cast<int>(bytes[at + i]);
    return text.str();
  };
  for (std::size_t at = 0; at + unit <= expected.size(); at += unit)
    if (std::memcmp(expected.data() + at, actual.data() + at, unit) != 0)
      result.fail("element " + std::to_string(at / unit) + " of " + std::to_string(expected.size() / unit) +
                  ": expected bits " + hex(expected, at) + ", got " + hex(actual, at));
  if (expected.size() % unit != 0) result.fail("size is not a whole number of elements");
  return result;
}

/// Root of the mean squared error over the elements where both are finite.
inline double rms_error(std::span<const double> expected, std::span<const double> actual) {
  double squares = 0;
  std::size_t count = 0;
  for (std::size_t i = 0; i < expected.size() && i < actual.size(); ++i) {
    if (!std::isfinite(expected[i]) || !std::isfinite(actual[i])) continue;
    squares += (actual[i] - expected[i]) * (actual[i] - expected[i]);
    ++count;
  }
  return count == 0 ? 0.0 : std::sqrt(squares / static_cast<double>(count));
}

}  // namespace candor::test
