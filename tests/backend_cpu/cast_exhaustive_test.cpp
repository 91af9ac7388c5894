// All 2^32 f32 bit patterns through the cast kernels to bf16, f16, f8_e4m3 and f8_e5m2 of every ISA: the bits of
// core/formats.h, which tests/core/formats_exhaustive_test.cpp compares with an independent definition. Two threads,
// each with one half of the patterns.
#include <gtest/gtest.h>

#include <thread>

#include "backend/cpu/elementwise/elementwise.h"
#include "core/formats.h"
#include "tests/backend_cpu/test_stream.h"

namespace candor {
namespace {

constexpr std::int64_t kChunk = 65536;
constexpr std::uint64_t kPatterns = std::uint64_t{1} << 32;

template <class V>
V flat_view(void* data, DType dtype) {
  V view;
  view.data = data;
  view.dtype = dtype;
  view.rank = 1;
  view.shape[0] = kChunk;
  view.stride[0] = 1;
  return view;
}

// Casts patterns [begin, end) and compares; returns the first that differs, or kPatterns.
template <class Code, class Encode>
std::uint64_t first_difference(Launch<Cast> run, DType to, Encode encode, std::uint64_t begin, std::uint64_t end) {
  std::vector<float> x(kChunk);
  std::vector<Code> y(kChunk);
  test::TestStream stream(1);
  for (std::uint64_t start = begin; start < end; start += kChunk) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      const auto bits = static_cast<std::uint32_t>(start + i);
      std::memcpy(&x[i], &bits, sizeof bits);
    }
    run({.x = flat_view<ConstView>(x.data(), DType::f32), .y = flat_view<View>(y.data(), to)}, stream);
    for (std::size_t i = 0; i < y.size(); ++i)
      if (y[i] != encode(f32_from_bits(static_cast<std::uint32_t>(start + i)))) return start + i;
  }
  return kPatterns;
}

template <class Code, class Encode>
void check_every_pattern(const test::PerIsa<Cast>& kernels, DType to, Encode encode) {
  kernels.each([&](Isa isa, Launch<Cast> run) {
    std::uint64_t differences[2];
    std::thread upper([&] { differences[1] = first_difference<Code>(run, to, encode, kPatterns / 2, kPatterns); });
    differences[0] = first_difference<Code>(run, to, encode, 0, kPatterns / 2);
    upper.join();
    for (const std::uint64_t difference : differences)
      EXPECT_EQ(difference, kPatterns) << isa_name(isa) << ", f32 bits " << std::hex << difference;
  });
}

TEST(CpuCastEveryF32, ToBf16) {
  check_every_pattern<std::uint16_t>(CANDOR_PER_ISA(cast_f32_bf16), DType::bf16,
                                     [](float x) { return f32_to_bf16_bits(x); });
}
TEST(CpuCastEveryF32, ToF16) {
  check_every_pattern<std::uint16_t>(CANDOR_PER_ISA(cast_f32_f16), DType::f16,
                                     [](float x) { return f32_to_f16_bits(x); });
}
TEST(CpuCastEveryF32, ToF8E4m3) {
  check_every_pattern<std::uint8_t>(CANDOR_PER_ISA(cast_f32_f8_e4m3), DType::f8_e4m3,
                                    [](float x) { return f32_to_f8_e4m3_bits(x); });
}
TEST(CpuCastEveryF32, ToF8E5m2) {
  check_every_pattern<std::uint8_t>(CANDOR_PER_ISA(cast_f32_f8_e5m2), DType::f8_e5m2,
                                    [](float x) { return f32_to_f8_e5m2_bits(x); });
}

}  // namespace
}  // namespace candor
