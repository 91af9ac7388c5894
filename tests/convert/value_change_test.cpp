#include "convert/value_change.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "candor/ops.h"
#include "convert/plan.h"
#include "convert/tensor_stream.h"
#include "core/formats.h"

namespace candor::convert_internal {
namespace {

TEST(ValueChange, ExactPairsReallyAre) {
  // All codes of the narrow formats, through a cast and back.
  for (const DType from : {DType::f8_e4m3, DType::f8_e5m2, DType::bf16, DType::f16}) {
    for (const DType to : {DType::bf16, DType::f16, DType::f32}) {
      if (!is_exact(from, to)) continue;
      const bool byte = dtype_info(from).block_bytes == 1;
      Tensor codes = Tensor::empty({byte ? 256 : 65536}, from);
      for (std::int64_t i = 0; i < codes.elements(); ++i) {
        if (byte) codes.data_as<std::uint8_t>()[i] = static_cast<std::uint8_t>(i);
        if (!byte) codes.data_as<std::uint16_t>()[i] = static_cast<std::uint16_t>(i);
      }
      const std::vector<float> before = codes.to_f32(), after = cast(codes, to).to_f32();
      for (std::size_t i = 0; i < before.size(); ++i)
        EXPECT_TRUE(before[i] == after[i] || (std::isnan(before[i]) && std::isnan(after[i]))) << i;
    }
  }
}

// What can_lose() promises is never lost is not lost: every code of the source.
TEST(ValueChange, PairsThatCannotLoseDoNot) {
  Tensor codes = Tensor::empty({65536}, DType::f16);
  for (std::int64_t i = 0; i < 65536; ++i) codes.data_as<std::uint16_t>()[i] = static_cast<std::uint16_t>(i);
  ASSERT_FALSE(can_lose(DType::f16, DType::bf16));
  const ValueChange change = count_changes(codes, cast(codes, DType::bf16));
  EXPECT_EQ(change.overflowed, 0u);
  EXPECT_EQ(change.flushed, 0u);
  EXPECT_GT(change.changed, 0u);
  EXPECT_LE(change.max_relative, 0x1p-8);
}

TEST(ValueChange, CountsEveryKind) {
  constexpr float kInf = std::numeric_limits<float>::infinity(), kNan = std::numeric_limits<float>::quiet_NaN();
  const Tensor before = Tensor::from_f32(std::vector<float>{1, 1.5f, 1e30f, 1e-30f, kInf, kNan, 0, -0.0f, 3}, {9});
  const Tensor after =
      cast(Tensor::from_f32(std::vector<float>{1, 2.0f, kInf, 0, kInf, kNan, 0, 0, kNan}, {9}), DType::f16);
  const ValueChange change = count_changes(before, after);
  EXPECT_EQ(change.overflowed, 1u);
  EXPECT_EQ(change.flushed, 1u);
  EXPECT_EQ(change.changed, 4u);  // 1.5, 1e30, 1e-30, and 3 that became NaN
  EXPECT_NEAR(change.max_relative, 1.0 / 3, 1e-12);
  EXPECT_EQ(change.unreachable, 2u);  // 1e30 and 1e-30; 1.5 lies where f16 has all its digits
  EXPECT_EQ(change.max_ulps, 512.0);  // 1.5 to 2
}

// f16 at its ends: what becomes subnormal exactly, what is rounded there, what is only rounded.
TEST(ValueChange, RoundingIsToldFromWhatCannotBeReached) {
  const std::vector<float> values = {0x1p-14f, 0x1p-15f, 0x1.8p-24f,      0x1p-24f,         0x1.001p-14f, 0x1.002p+0f,
                                     65519.0f, 65520.0f, 0x1.fffffep-15f, -0x1.000002p-14f, 0x1p-130f,    0x1p-25f};
  const Tensor before = Tensor::from_f32(values, {12});
  const ValueChange change = count_changes(before, cast(before, DType::f16), 1000);
  EXPECT_EQ(change.became_subnormal, 3u);  // 2^-15, 1.5 * 2^-24, 2^-24
  EXPECT_EQ(change.unreachable, 5u);       // 1.5 * 2^-24, 65520, just below 2^-14, 2^-130, 2^-25
  EXPECT_EQ(change.changed, 9u);           // all but 2^-14, 2^-15, 2^-24
  EXPECT_EQ(change.flushed, 2u);
  EXPECT_EQ(change.overflowed, 1u);
  EXPECT_EQ(change.max_ulps, 0.5);
  ASSERT_TRUE(change.first);
  EXPECT_EQ(change.first->element, 1002u);
  EXPECT_EQ(change.first->before, 0x1.8p-24);
  EXPECT_EQ(change.first->after, 0x1p-23);
}

// What was subnormal in its own format did not become so.
TEST(ValueChange, SubnormalsOfTheSourceAreNotCountedAgain) {
  const Tensor before = Tensor::from_f32(std::vector<float>{0x1p-127f, 0x1.01p-130f, -0x1p-133f, 0x1p-126f}, {4});
  const ValueChange change = count_changes(before, cast(before, DType::bf16));
  EXPECT_EQ(change.changed, 1u);  // 1.00390625 * 2^-130
  EXPECT_EQ(change.became_subnormal, 0u);
}

// Every bf16 that f16 does not hold is unreachable: there is no ordinary rounding between these two.
TEST(ValueChange, OffTheGridIsAllThatChangesFromBf16ToF16) {
  Tensor codes = Tensor::empty({65536}, DType::bf16);
  for (std::int64_t i = 0; i < 65536; ++i) codes.data_as<std::uint16_t>()[i] = static_cast<std::uint16_t>(i);
  const ValueChange change = count_changes(codes, cast(codes, DType::f16));
  EXPECT_EQ(change.unreachable, change.changed);
  std::uint64_t off = 0;
  for (std::uint32_t i = 0; i < 65536; ++i) {
    const double value = std::fabs(static_cast<double>(bf16_bits_to_f32(static_cast<std::uint16_t>(i))));
    if (std::isfinite(value) && (value > 65504 || value != std::floor(value * 0x1p24) / 0x1p24)) ++off;
  }
  EXPECT_EQ(change.unreachable, off);
  EXPECT_EQ(change.overflowed, 2u * (127 - 15) * 128);  // 2^16 … the largest: both signs
}

TEST(SourceRow, UndoesTheInterleaving) {
  // Head of 6 rows: GGUF has pairs (0,3) (1,4) (2,5) side by side.
  std::vector<std::int64_t> rows, there_and_back;
  for (std::int64_t row = 0; row < 12; ++row) {
    rows.push_back(source_row(RowOrder::halves, row, 6));
    there_and_back.push_back(source_row(RowOrder::halves, source_row(RowOrder::interleaved, row, 6), 6));
  }
  EXPECT_EQ(rows, (std::vector<std::int64_t>{0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11}));
  for (std::int64_t row = 0; row < 12; ++row) EXPECT_EQ(there_and_back[static_cast<std::size_t>(row)], row);
  EXPECT_EQ(source_row(RowOrder::interleaved, 1, 6), 3);  // the partner of row 0
}

}  // namespace
}  // namespace candor::convert_internal
