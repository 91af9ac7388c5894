// Every instruction set's loads and stores equal the scalar conversions bit for bit: every 16-bit code, every 251st
// f32 (all of them: simd_formats_exhaustive_test.cpp). Levels that this processor lacks are skipped.
#include <cmath>

#include "tests/core/simd_chunks.h"

namespace candor::test {
namespace {

class SimdLevel : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    if (!isa_level_runs(GetParam())) GTEST_SKIP() << "this processor has no " << isa_level_name(GetParam());
  }
  const SimdProbe& probe() const { return simd_probe(GetParam()); }
};

INSTANTIATE_TEST_SUITE_P(Isa, SimdLevel, testing::Range(0, kIsaLevels),
                         [](const auto& info) { return isa_level_name(info.param); });

std::vector<std::uint16_t> every_code() {
  std::vector<std::uint16_t> codes(65536);
  for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<std::uint16_t>(i);
  return codes;
}

TEST_P(SimdLevel, StoresEveryF32Sampled) {
  constexpr std::uint64_t kStep = 251;
  constexpr std::size_t kChunk = 65536;
  for (std::uint64_t start = 0; start < 0x100000000u && !HasFatalFailure(); start += kStep * kChunk)
    check_stores({GetParam()}, start, kStep, kChunk);
}

// Ties and their neighbours of both formats, in every lane.
TEST_P(SimdLevel, StoresTies) {
  check_stores({GetParam()}, 0x00007fffu, 1, 16);
  for (std::uint64_t high = 0; high < 0x10000u && !HasFatalFailure(); high += 1)
    check_stores({GetParam()}, (high << 16) + 0x7ff8u, 1, 16);
  for (std::uint64_t high = 0x66000u; high < 0x90000u && !HasFatalFailure(); high += 1)
    check_stores({GetParam()}, (high << 12) + 0xff8u, 1, 16);
}

// The loads of arithmetic kernels: the bits of bf16 moved up (a cast quiets a NaN besides); f16 as the scalar
// conversion.
TEST_P(SimdLevel, LoadsEveryCode) {
  const std::vector<std::uint16_t> codes = every_code();
  std::vector<float> y(codes.size());
  const auto count = static_cast<std::int64_t>(codes.size());
  for (const bool flush : {false, true}) {
    probe().load_bf16(codes.data(), y.data(), count, flush);
    for (std::size_t i = 0; i < codes.size(); ++i)
      ASSERT_EQ(f32_bits(y[i]), static_cast<std::uint32_t>(codes[i]) << 16) << "bf16 " << i << " flush " << flush;
    probe().load_f16(codes.data(), y.data(), count, flush);
    for (std::size_t i = 0; i < codes.size(); ++i)
      ASSERT_EQ(f32_bits(y[i]), f32_bits(f16_bits_to_f32(codes[i]))) << "f16 " << i << " flush " << flush;
  }
}

TEST_P(SimdLevel, LoadsPairs) {
  std::vector<std::uint32_t> pairs(65536);
  for (std::uint32_t i = 0; i < 65536; ++i) pairs[i] = i | (i * 40503u & 0xffffu) << 16;
  std::vector<float> even(pairs.size()), odd(pairs.size());
  for (const bool flush : {false, true}) {
    probe().load_bf16_pairs(pairs.data(), even.data(), odd.data(), 65536, flush);
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      ASSERT_EQ(f32_bits(even[i]), pairs[i] << 16) << i;
      ASSERT_EQ(f32_bits(odd[i]), pairs[i] & 0xffff0000u) << i;
    }
  }
}

TEST_P(SimdLevel, LoadsIntegers) {
  std::vector<std::uint8_t> bytes(256);
  std::vector<std::int8_t> signed_bytes(256);
  for (std::size_t i = 0; i < 256; ++i) {
    bytes[i] = static_cast<std::uint8_t>(i * 7);
    signed_bytes[i] = static_cast<std::int8_t>(static_cast<int>(i) - 128);
  }
  std::vector<float> low(256), high(256);
  probe().load_nibbles(bytes.data(), low.data(), high.data(), 256);
  for (std::size_t i = 0; i < 256; ++i) {
    ASSERT_EQ(low[i], static_cast<float>(bytes[i] % 16));
    ASSERT_EQ(high[i], static_cast<float>(bytes[i] / 16));
  }
  probe().load_i8(signed_bytes.data(), low.data(), 256);
  for (std::size_t i = 0; i < 256; ++i) ASSERT_EQ(low[i], static_cast<float>(i) - 128.0f);
}

TEST_P(SimdLevel, RoundsToEven) {
  std::vector<float> x, y(4096);
  for (int i = 0; i < 4096; ++i) x.push_back(static_cast<float>(i - 2048) * 0.25f);
  probe().round_even(x.data(), y.data(), 4096);
  for (std::size_t i = 0; i < x.size(); ++i) ASSERT_EQ(y[i], std::nearbyintf(x[i])) << x[i];
}

}  // namespace
}  // namespace candor::test
