// One element through an op: the canaries of formats for ops whose results can be written down.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "kernels/case.h"
#include "kernels/witness.h"

namespace candor::test {

/// Values exact in one format and not in another, ends of ranges, subnormals.
inline constexpr double kCanaries[] = {
    1.0,     0x1p17,   1.0 + 0x1p-7, 1.0 + 0x1p-9, 1.0 + 0x1p-10, 1.0 + 0x1p-12, 1.0 + 0x1p-23, 0x1p-14,   0x1p-24,
    0x1p-30, 0x1p-126, 0x1p-130,     0x1p-133,     0x1p-149,      65504.0,       0x1p100,       0x1.8p-20, 3.140625};

/// The canaries that `dtype` holds exactly.
inline Doubles canaries(DType dtype) {
  Doubles held;
  for (const double value : kCanaries)
    if (holds(dtype, value)) held.push_back(value);
  return held;
}

inline bool same_bits_value(double expected, double actual) {
  return (std::isnan(expected) && std::isnan(actual)) ||
         (expected == actual && std::signbit(expected) == std::signbit(actual));
}

inline void expect_value(double expected, double actual, const std::string& what) {
  EXPECT_TRUE(same_bits_value(expected, actual))
      << what << ": expected " << describe(expected) << ", got " << describe(actual);
}

/// A NaN of a floating dtype: `payload` holds the 52 bits under an f64's exponent, the quiet bit first; narrower
/// formats keep the upper ones, and f8_e4m3 has a single NaN.
inline constexpr std::uint64_t kQuietBit = std::uint64_t{1} << 51;
inline std::uint64_t nan_code(DType dtype, bool negative, std::uint64_t payload) {
  const Format format = format_of(dtype);
  const int bits = static_cast<int>(8 * dtype_info(dtype).block_bytes), mantissa = format.precision - 1;
  const std::uint64_t sign = static_cast<std::uint64_t>(negative) << (bits - 1);
  if (dtype == DType::f8_e4m3) return sign | 0x7f;
  const std::uint64_t exponent = ((std::uint64_t{1} << (bits - 1 - mantissa)) - 1) << mantissa;
  return sign | exponent | payload >> (52 - mantissa);
}

/// `count` elements with these bits.
inline View of_bits(Workspace& workspace, DType dtype, std::uint64_t bits, std::int64_t count) {
  const View view = workspace.place(dtype, {count});
  const auto unit = static_cast<std::size_t>(dtype_info(dtype).block_bytes);
  for (std::int64_t i = 0; i < count; ++i)
    std::memcpy(view.as<std::byte>() + static_cast<std::size_t>(i) * unit, &bits, unit);
  return view;
}

/// Every element's bits equal `expected`.
inline void expect_bits(const View& view, std::uint64_t expected, const std::string& what) {
  const auto unit = static_cast<std::size_t>(dtype_info(view.dtype).block_bytes);
  const std::vector<std::byte> bytes = element_bytes(view);
  for (std::size_t at = 0; at < bytes.size(); at += unit) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, bytes.data() + at, unit);
    if (bits == expected) continue;
    ADD_FAILURE() << what << ", element " << at / unit << std::hex << ": expected bits 0x" << expected << ", got 0x"
                  << bits;
    return;
  }
}

}  // namespace candor::test
