// The comparators, with planted errors: each must be caught.
#include "support/compare.h"

#include <gtest/gtest.h>

#include "support/fill.h"
#include "support/operand.h"

namespace candor::test {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// 7 rows of 5, all distinct and far from each other compared with the bound.
struct Planted {
  Doubles expected = uniform(35, 3, 1.0, 2.0), actual = expected, bound = Doubles(35, 0x1p-20);
  Comparison run(DType out = DType::f32) const { return compare_bounded(expected, actual, bound, out); }
};

TEST(CompareBounded, AcceptsErrorsUpToTheBound) {
  Planted p;
  EXPECT_TRUE(p.run().ok);
  for (std::size_t i = 0; i < p.actual.size(); ++i) p.actual[i] += i % 2 ? 0x1p-20 : -0x1p-20;
  const Comparison result = p.run();
  EXPECT_TRUE(result.ok) << result.message;
  EXPECT_EQ(result.worst, 1.0);
}

TEST(CompareBounded, OneUlpOverTheBound) {
  Planted p;
  p.expected[17] = p.actual[17] = 1.5;
  p.actual[17] += 0x1p-20 + 0x1p-52;
  EXPECT_FALSE(p.run().ok);
  EXPECT_EQ(p.run().differences, 1);
}

TEST(CompareBounded, Sign) {
  Planted p;
  p.actual[3] = -p.actual[3];
  EXPECT_FALSE(p.run().ok);
}

TEST(CompareBounded, ZeroForANumber) {
  Planted p;
  p.actual[8] = 0;
  EXPECT_FALSE(p.run().ok);
}

TEST(CompareBounded, NaNForANumberAndNumberForANaN) {
  Planted p;
  p.actual[0] = kNaN;
  EXPECT_FALSE(p.run().ok);
  p.expected[0] = kNaN;
  EXPECT_TRUE(p.run().ok);
  p.actual[0] = 1.0;
  EXPECT_FALSE(p.run().ok);
}

TEST(CompareBounded, LastRowAndLastColumn) {
  Planted row, column;
  for (std::size_t c = 0; c < 5; ++c) row.actual[30 + c] = 0;
  for (std::size_t r = 0; r < 7; ++r) column.actual[r * 5 + 4] = 0;
  EXPECT_EQ(row.run().differences, 5);
  EXPECT_EQ(column.run().differences, 7);
}

TEST(CompareBounded, SwappedRows) {
  Planted p;
  for (std::size_t c = 0; c < 5; ++c) std::swap(p.actual[c], p.actual[5 + c]);
  EXPECT_EQ(p.run().differences, 10);
}

TEST(CompareBounded, MissingAndExtraInfinity) {
  Planted p;
  p.expected[2] = kInfinity;
  p.actual[2] = 65504.0;
  EXPECT_FALSE(p.run(DType::f16).ok);
  p.actual[2] = -kInfinity;
  EXPECT_FALSE(p.run(DType::f16).ok);
  p.actual[2] = kInfinity;
  EXPECT_TRUE(p.run(DType::f16).ok);
  p.expected[2] = 65000.0;  // finite in f16
  EXPECT_FALSE(p.run(DType::f16).ok);
  p.expected[2] = 65520.0;  // rounds to infinity in f16, not in f32
  EXPECT_TRUE(p.run(DType::f16).ok);
  EXPECT_FALSE(p.run(DType::f32).ok);
}

TEST(CompareBounded, NaNBoundAcceptsNothing) {
  Planted p;
  p.bound[1] = kNaN;
  EXPECT_FALSE(p.run().ok);
}

TEST(CompareBounded, MissingElements) {
  Planted p;
  p.actual.pop_back();
  EXPECT_FALSE(p.run().ok);
}

TEST(CompareBytes, SignOfZeroAndNaNPayload) {
  const float expected[] = {0.0f, 1.0f}, negative[] = {-0.0f, 1.0f};
  const auto bytes = [](const auto& values) { return std::as_bytes(std::span(values)); };
  EXPECT_TRUE(compare_bytes(bytes(expected), bytes(expected), 4).ok);
  EXPECT_FALSE(compare_bytes(bytes(expected), bytes(negative), 4).ok);
  const std::uint16_t quiet[] = {0x7fc1}, other[] = {0x7fc2};
  EXPECT_FALSE(compare_bytes(bytes(quiet), bytes(other), 2).ok);
  EXPECT_FALSE(compare_bytes(bytes(quiet), bytes(expected), 2).ok);
}

TEST(RmsError, SeesOneWrongElement) {
  const Doubles expected(4, 1.0);
  EXPECT_EQ(rms_error(expected, expected), 0.0);
  EXPECT_EQ(rms_error(expected, Doubles{1, 1, 1, 3}), 1.0);
}

TEST(Workspace, SeesAWriteOutsideTheElements) {
  for (const std::int64_t misaligned : {0, 1, 3}) {
    Workspace w;
    const View view = w.place(DType::bf16, {3, 5}, {.row_gap = 2, .misaligned = misaligned});
    ref::store_all(view, Doubles(15, 1.0));
    EXPECT_EQ(w.damage(), "");
    for (const std::int64_t outside : {-1, 5, 6, 19}) {  // before, in the gap, after
      std::byte* stray = view.as<std::byte>() + 2 * outside;
      const std::byte before = *stray;
      *stray = std::byte{0};
      EXPECT_NE(w.damage(), "") << outside;
      *stray = before;
    }
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(view.data) % 64, static_cast<std::uintptr_t>(misaligned));
  }
}

TEST(Tolerance, Formats) {
  EXPECT_EQ(unit_roundoff(DType::bf16), 0x1p-8);
  EXPECT_EQ(unit_roundoff(DType::f16), 0x1p-11);
  EXPECT_EQ(unit_roundoff(DType::f32), 0x1p-24);
  EXPECT_EQ(format_of(DType::f16).overflow(), 65520.0);
  EXPECT_EQ(format_of(DType::f16).smallest_subnormal(), 0x1p-24);
  EXPECT_EQ(format_of(DType::bf16).smallest_subnormal(), 0x1p-133);
  EXPECT_EQ(format_of(DType::f32).smallest_subnormal(), 0x1p-149);
  EXPECT_EQ(rounding(DType::bf16, 2.0), 0x1p-7);
  EXPECT_EQ(rounding(DType::f16, 0.0), 0x1p-25);
}

TEST(Tolerance, RoundingBoundIsTight) {
  Random random(9);
  for (const DType dtype : {DType::bf16, DType::f16, DType::f32})
    for (int i = 0; i < 2000; ++i) {
      const double x = random.normal() * std::exp2(random.uniform(-30, 10));
      EXPECT_LE(std::fabs(ref::round_to(dtype, x) - x), rounding(dtype, x));
    }
  const double tie = 1.0 + 0x1p-8;  // half an ulp of bf16 is reached, but for the factor 1 + u
  EXPECT_GE(std::fabs(ref::round_to(DType::bf16, tie) - tie), rounding(DType::bf16, tie) * 0.99);
}

TEST(Fill, SeedsMeanTheSameNumbersEverywhere) {
  EXPECT_EQ(Random(1).bits(), Random(1).bits());
  EXPECT_NE(Random(1).bits(), Random(2).bits());
  for (const double value : integers(1000, 4, 3)) EXPECT_LE(std::fabs(value), 3.0);
  double sum = 0, squares = 0;
  for (const double value : normal(20000, 5)) sum += value, squares += value * value;
  EXPECT_NEAR(sum / 20000, 0.0, 0.03);  // four standard errors
  EXPECT_NEAR(squares / 20000, 1.0, 0.04);
}

}  // namespace
}  // namespace candor::test
