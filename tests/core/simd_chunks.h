// Compares vector stores and loads with the scalar conversions over a range of bit patterns.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <vector>

#include "core/formats.h"
#include "tests/core/simd_probe.h"

namespace candor::test {

/// f32 -> bf16 and f16 for `count` patterns (a multiple of 16): start, start + step, …, at every level in `levels`.
inline void check_stores(const std::vector<int>& levels, std::uint64_t start, std::uint64_t step, std::size_t count) {
  std::vector<float> x(count);
  std::vector<std::uint16_t> bf16(count), f16(count), y(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t bits = static_cast<std::uint32_t>(start + i * step);
    std::memcpy(&x[i], &bits, sizeof(bits));
    bf16[i] = f32_to_bf16_bits(f32_from_bits(bits));
    f16[i] = f32_to_f16_bits(f32_from_bits(bits));
  }
  const auto equal = [&](const std::vector<std::uint16_t>& expected, int level, bool flush, const char* what) {
    if (std::memcmp(y.data(), expected.data(), count * sizeof(y[0])) == 0) return;
    std::size_t i = 0;
    while (y[i] == expected[i]) ++i;
    FAIL() << what << " on " << isa_level_name(level) << (flush ? " (flushing)" : "") << ": f32 " << std::hex
           << f32_bits(x[i]) << " gives " << y[i] << ", scalar " << expected[i];
  };
  for (const int level : levels) {
    for (const bool flush : {false, true}) {
      simd_probe(level).store_bf16(x.data(), y.data(), static_cast<std::int64_t>(count), flush);
      equal(bf16, level, flush, "bf16");
      simd_probe(level).store_f16(x.data(), y.data(), static_cast<std::int64_t>(count), flush);
      equal(f16, level, flush, "f16");
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

}  // namespace candor::test
