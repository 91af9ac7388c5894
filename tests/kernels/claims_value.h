// One element through an op: the canaries of formats for ops whose results can be written down.
#pragma once

#include <gtest/gtest.h>

#include <limits>

#include "kernels/case.h"
#include "kernels/witness.h"

namespace candor::test {

/// Values exact in one format and not in another, ends of ranges, subnormals.
inline constexpr double kCanaries[] = {1.0,          0x1p17,        1.0 + 0x1p-7, 1.0 + 0x1p-9,  1.0 + 0x1p-10,
                                       1.0 + 0x1p-12, 1.0 + 0x1p-23, 0x1p-14,      0x1p-24,       0x1p-30,
                                       0x1p-126,     0x1p-130,      0x1p-133,     0x1p-149,      65504.0,
                                       0x1p100,      0x1.8p-20,     3.140625};

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

}  // namespace candor::test
