// Rotary embeddings: both styles in f64 with a bound, partial rotation, in place, and the same bits on every ISA and
// worker count.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "backend/cpu/elementwise/elementwise.h"
#include "tests/backend_cpu/operand.h"
#include "tests/backend_cpu/test_stream.h"

namespace candor {
namespace {

using test::Operand;

struct RopeEntry {
  DType a;
  test::PerIsa<Rope> kernels;
};
const std::vector<RopeEntry> kRope = {{DType::f32, CANDOR_PER_ISA(rope_f32)},
                                      {DType::bf16, CANDOR_PER_ISA(rope_bf16)},
                                      {DType::f16, CANDOR_PER_ISA(rope_f16)}};

struct RopeOperands {
  RopeOperands(DType dtype, std::int64_t tokens, std::int64_t heads, std::int64_t d, std::int64_t r)
      : tokens(tokens),
        heads(heads),
        d(d),
        r(r),
        x(dtype, {tokens, heads, d}, {heads * d + 5, d, 1}),
        cos(DType::f32, {tokens, r}),
        sin(DType::f32, {tokens, r}) {
    x.randomise(1);
    cos.randomise(2);
    sin.randomise(3);
  }
  std::int64_t tokens, heads, d, r;
  Operand x;         // [T, H, D], the tokens apart by a gap
  Operand cos, sin;  // [T, R]
};

struct Expected {
  double y, bound;
};

/// Element d of row (t, h) = row, in f64; what is not rotated must not change.
Expected expected_element(const RopeOperands& o, RopeStyle style, std::int64_t row, std::int64_t d) {
  const double x = o.x.at(row * o.d + d);
  if (d >= 2 * o.r) return {x, 0};
  const bool half = style == RopeStyle::half_split;
  const std::int64_t pair = half ? d % o.r : d / 2;
  const bool second = half ? d >= o.r : d % 2 == 1;
  const double a = o.x.at(row * o.d + (half ? pair : 2 * pair));
  const double b = o.x.at(row * o.d + (half ? pair + o.r : 2 * pair + 1));
  const double c = o.cos.at(row / o.heads * o.r + pair), s = o.sin.at(row / o.heads * o.r + pair);
  const double y = second ? b * c + a * s : a * c - b * s;
  const double magnitude = (std::fabs(a) + std::fabs(b)) * std::max(std::fabs(c), std::fabs(s));
  return {y, magnitude * 2 * 0x1p-24 + test::unit_roundoff(o.x.dtype()) * std::fabs(y) * 1.01 + 0x1p-24};
}

void check_rope(const RopeEntry& entry, const RopeOperands& o, RopeStyle style) {
  std::string first;
  entry.kernels.each([&](Isa isa, Launch<Rope> run) {
    for (const int workers : {1, 3}) {
      Operand y(entry.a, {o.tokens, o.heads, o.d}), in_place = o.x;
      test::TestStream stream(workers);
      run({.x = o.x.view(), .cos = o.cos.view(), .sin = o.sin.view(), .y = y.view(), .style = style}, stream);
      ASSERT_TRUE(y.guards_intact());
      if (first.empty()) first = y.bits();
      ASSERT_TRUE(y.bits() == first) << isa_name(isa);
      run({.x = in_place.view(), .cos = o.cos.view(), .sin = o.sin.view(), .y = in_place.view(), .style = style},
          stream);
      ASSERT_TRUE(in_place.bits() == first) << "in place";
      for (std::int64_t i = 0; i < y.elements(); ++i) {
        const Expected e = expected_element(o, style, i / o.d, i % o.d);
        ASSERT_LE(std::fabs(y.at(i) - e.y), e.bound);
      }
    }
  });
}

TEST(CpuRope, EveryStyleAndPartialRotation) {
  const struct { std::int64_t d, r; } sizes[] = {{2, 1}, {34, 17}, {64, 32}, {80, 16}, {10, 0}};
  for (const RopeEntry& entry : kRope) {
    for (const auto& size : sizes) {
      const RopeOperands operands(entry.a, 5, 3, size.d, size.r);
      for (const RopeStyle style : {RopeStyle::half_split, RopeStyle::interleaved}) {
        check_rope(entry, operands, style);
      }
    }
  }
}

}  // namespace
}  // namespace candor
