// The scan of f32 and f64 tensors against a plain loop over the elements: counts are equal, not close.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "audit/scan/significand_table.h"
#include "core/formats.h"
#include "tests/audit/scan_support.h"

namespace candor::audit_internal {
namespace {

using namespace candor::testing;

std::vector<float> random_patterns(std::size_t count, std::uint64_t seed) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i)
    values[i] = f32_from_bits(static_cast<std::uint32_t>(random_bits(seed, i) >> 32));
  return values;
}

TEST(ScanWide, JointCountsOfF32AreThoseOfANaiveLoop) {
  expect_exact(draw(Law::normal, 0.02, 100003, 5), {100003});
  expect_exact(random_patterns(100003, 6), {100003});  // subnormals, NaNs, infinities, all exponents
  std::vector<float> subnormals(5000);
  for (std::size_t i = 0; i < subnormals.size(); ++i)
    subnormals[i] =
        f32_from_bits(static_cast<std::uint32_t>(random_bits(7, i) >> 41 >> i % 23) | (i % 2 != 0 ? 1u << 31 : 0));
  expect_exact(subnormals, {5000});
}

TEST(ScanWide, NarrowValuesInF32GiveTheirCodes) {
  const std::vector<float> wide = draw(Law::normal, 0.02, 50021, 8);
  std::vector<float> values = widen(to_bf16(wide, Route::rne));
  expect_exact(values, flat(values));
  EXPECT_EQ(scanned(values, flat(values)).code_dtype, DType::bf16);
  std::vector<float> f16 = wide, tf32 = wide;
  for (float& x : f16) x = through_f16(x);
  for (float& x : tf32) x = through_tf32(x);
  expect_exact(f16, flat(f16));
  EXPECT_EQ(scanned(f16, flat(f16)).code_dtype, DType::f16);
  tf32[7] = 0x1.004p-20f;  // eleven bits where f16 has seven
  expect_exact(tf32, flat(tf32));
  EXPECT_EQ(scanned(tf32, flat(tf32)).code_dtype, DType::any);
  expect_exact(widen(all_codes()), {256, 256});
}

TEST(ScanWide, OneBitMoreThanF16HasIsNotNarrow) {
  std::vector<float> values = draw(Law::normal, 0.02, 20000, 17);
  for (float& x : values) x = f32_from_bits(f32_bits(x) & 0xfffff000u);
  expect_exact(values, flat(values));
  EXPECT_EQ(scanned(values, flat(values)).code_dtype, DType::any);
}

TEST(ScanWide, MixedBlocksOfF32) {
  std::vector<float> values = widen(to_bf16(draw(Law::normal, 1e-5, 40000, 9), Route::rne));
  for (std::size_t i = 12000; i < 16000; ++i) values[i] = through_f16(values[i] * 3.1f);
  expect_exact(values, flat(values));
  values[33333] = 0.1f;  // one wide value in a narrow tensor
  expect_exact(values, flat(values));
  EXPECT_EQ(scanned(values, flat(values)).code_dtype, DType::any);
}

TEST(ScanWide, DistinctPatternsStopAtTheCap) {
  std::vector<float> values(200000);
  for (std::size_t i = 0; i < values.size(); ++i)  // ten zeros at least, all exponents
    values[i] = f32_from_bits(static_cast<std::uint32_t>(random_bits(10, i) >> 32) & 0xbffffc00u);
  expect_exact(values, flat(values));
  EXPECT_EQ(scanned(values, flat(values)).distinct_by_zeros[10], kDistinctCap);
}

TEST(ScanWide, F64IsF32WhereItIsNarrow) {
  const std::vector<float> narrow = widen(to_bf16(draw(Law::normal, 0.02, 9001, 11), Route::rne));
  const std::vector<double> wide(narrow.begin(), narrow.end());
  const TemporaryFolder folder;
  const Fingerprint found =
      scan_file(write_safetensors(folder, {{"weight", DType::f64, {9001}, bytes_of(wide)}})).at(0);
  const Fingerprint f32 = fingerprint_of(narrow, {9001});
  EXPECT_EQ(found.code_dtype, DType::bf16);
  EXPECT_TRUE(found.codes == f32.codes);
  for (int exponent = -126; exponent <= 127; ++exponent)
    for (int zeros = 0; zeros <= 23; ++zeros)
      ASSERT_EQ(found.significands.at(exponent, zeros + 29), f32.significands.at(exponent, zeros));
  for (std::size_t t = 10; t <= 23; ++t) EXPECT_EQ(found.distinct_by_zeros[t + 29], f32.distinct_by_zeros[t]);
}

TEST(ScanWide, F64AgainstANaiveLoop) {
  std::vector<double> values(20011);
  SignificandCounts wanted;
  wanted.counts.resize(static_cast<std::size_t>(SignificandCounts::kExponents * SignificandCounts::kZeros));
  std::uint64_t nans = 0, infinities = 0, subnormals = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::uint64_t bits = random_bits(12, i) << i % 53;
    values[i] = f64_from_bits(i % 3 == 0 ? bits : bits >> 12 | std::uint64_t{900 + i % 200} << 52);
    if (i % 1000 == 7) values[i] = i % 2000 == 7 ? std::numeric_limits<double>::infinity() : 0x1p-1050;
    const double magnitude = std::fabs(values[i]);
    nans += std::isnan(magnitude) ? 1 : 0;
    infinities += std::isinf(magnitude) ? 1 : 0;
    subnormals += magnitude > 0 && magnitude < std::numeric_limits<double>::min() ? 1 : 0;
    if (!std::isfinite(magnitude) || magnitude == 0) continue;
    int zeros = 52;
    const double significand = std::ldexp(magnitude, -std::ilogb(magnitude));
    while (zeros > 0 && std::fmod(std::ldexp(significand, 52), std::ldexp(1.0, zeros)) != 0) --zeros;
    if (magnitude < std::numeric_limits<double>::min()) zeros = std::countr_zero(f64_bits(magnitude));
    ++wanted.at(std::clamp(std::ilogb(magnitude), -150, 128), zeros);
  }
  const TemporaryFolder folder;
  const Fingerprint found =
      scan_file(write_safetensors(folder, {{"weight", DType::f64, {20011}, bytes_of(values)}})).at(0);
  EXPECT_TRUE(found.significands.counts == wanted.counts);
  EXPECT_EQ(found.nans, nans);
  EXPECT_EQ(found.infinities, infinities);
  EXPECT_EQ(found.subnormals, subnormals);
}

TEST(ScanWide, SquaresAreTheSameBitsWithEveryInstructionSet) {
  const std::vector<float> values = draw(Law::t3, 1, 4099, 13);
  double turns[4][8] = {}, lanes[8];
  for (std::size_t i = 0; i < 4096; ++i) turns[i / 8 % 4][i % 8] += static_cast<double>(values[i]) * values[i];
  for (std::size_t k = 0; k < 8; ++k) lanes[k] = (turns[0][k] + turns[1][k]) + (turns[2][k] + turns[3][k]);
  double sum = ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]));
  for (std::size_t i = 4096; i < 4099; ++i) sum += static_cast<double>(values[i]) * values[i];
  EXPECT_EQ(sum_squares_f32(reinterpret_cast<const std::byte*>(values.data()), values.size()), sum);
}

TEST(ScanWide, WitnessesOfF32) {
  std::vector<float> values = widen(to_bf16(draw(Law::normal, 0.02, kSpan32 + 50000, 14), Route::rne));
  values[kSpan32 + 1] = std::numeric_limits<float>::quiet_NaN();
  values[kSpan32 + 3] = 1e30f;
  values[kSpan32 + 3] = f32_from_bits(f32_bits(values[kSpan32 + 3]) & 0xffff0000u);
  expect_exact(values, flat(values));
  values[kSpan32 + 7] = 65505.0f;  // not of bf16: no value is off a grid then
  values[3] = f32_from_bits(1);
  expect_exact(values, flat(values));
}

}  // namespace
}  // namespace candor::audit_internal
