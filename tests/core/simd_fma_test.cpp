// The fused multiply-add of every level (the baseline forms it in f64) against one exact definition: random bit
// patterns, ties, cancellation, subnormals; with subnormals kept and with FTZ and DAZ set.
#include <gtest/gtest.h>

#include <cfloat>
#include <cmath>
#include <cstdint>
#include <vector>

#include "core/formats.h"
#include "tests/core/simd_probe.h"
#include "tests/support/fill.h"

namespace candor::test {
namespace {

constexpr std::int64_t kGroup = 4096;

float flushed(float x) { return std::fabs(x) < FLT_MIN ? std::copysign(0.0f, x) : x; }

// With FTZ a result that is tiny after rounding, the exponent unbounded, becomes a zero of its sign. Scaled up, the
// exact sum shows that rounding. It is exact in 64 bits where it matters: a product has 48 bits, an addend is zero or
// at least 2^-126 (DAZ), and a sum of at most 2^-126 then either is the product or leaves no bit above the product's.
float fma_flushing(float a, float b, float c) {
  a = flushed(a), b = flushed(b), c = flushed(c);
  const float kept = std::fmaf(a, b, c);
  if (!(std::fabs(kept) <= FLT_MIN)) return kept;
  const long double exact = static_cast<long double>(a) * b + c;
  if (exact == 0) return kept;
  const float scaled = static_cast<float>(std::ldexp(exact, 100));
  return std::fabs(scaled) < std::ldexp(FLT_MIN, 100) ? std::copysign(0.0f, scaled) : kept;
}

struct Operands {
  std::vector<float> a, b, c;
  explicit Operands(std::int64_t count) : a(static_cast<std::size_t>(count)), b(a), c(a) {}
};

class SimdFma : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    if (!isa_level_runs(GetParam())) GTEST_SKIP() << "this processor has no " << isa_level_name(GetParam());
  }

  // make(random, a, b, c) fills one triple.
  template <class Make>
  void check(std::uint64_t seed, int groups, Make&& make) {
    Random random(seed);
    Operands x(kGroup);
    std::vector<float> y(static_cast<std::size_t>(kGroup));
    for (int group = 0; group < groups; ++group) {
      for (std::size_t i = 0; i < y.size(); ++i) make(random, x.a[i], x.b[i], x.c[i]);
      for (const bool flush : {false, true}) {
        simd_probe(GetParam()).fma(x.a.data(), x.b.data(), x.c.data(), y.data(), kGroup, flush);
        for (std::size_t i = 0; i < y.size(); ++i) {
          const float expected = flush ? fma_flushing(x.a[i], x.b[i], x.c[i]) : std::fmaf(x.a[i], x.b[i], x.c[i]);
          const bool same = std::isnan(expected) ? std::isnan(y[i]) : f32_bits(y[i]) == f32_bits(expected);
          ASSERT_TRUE(same) << std::hexfloat << x.a[i] << " * " << x.b[i] << " + " << x.c[i] << " = " << y[i]
                            << ", expected " << expected << " flush " << flush;
        }
      }
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Isa, SimdFma, testing::Range(0, kIsaLevels),
                         [](const auto& info) { return isa_level_name(info.param); });

float any_bits(Random& random) { return f32_from_bits(static_cast<std::uint32_t>(random.bits())); }

// A significand of `bits` random bits, exponent in [low, high].
float short_float(Random& random, int bits, int low, int high) {
  const auto significand = static_cast<float>(random.integer(1, (std::int64_t{1} << bits) - 1));
  const float magnitude = std::ldexp(significand, static_cast<int>(random.integer(low, high)) - bits);
  return random.bits() & 1 ? -magnitude : magnitude;
}

TEST_P(SimdFma, AnyBits) {
  check(1, 800, [](Random& r, float& a, float& b, float& c) { a = any_bits(r), b = any_bits(r), c = any_bits(r); });
}

TEST_P(SimdFma, LikeNetworks) {
  check(2, 400, [](Random& r, float& a, float& b, float& c) {
    a = short_float(r, 24, -6, 4), b = short_float(r, 8, -6, 4), c = short_float(r, 24, -8, 8);
  });
}

// c near -a*b: only the product's low bits remain.
TEST_P(SimdFma, Cancellation) {
  check(3, 400, [](Random& r, float& a, float& b, float& c) {
    a = short_float(r, 24, -60, 30), b = short_float(r, 24, -60, 30);
    const std::uint32_t product = f32_bits(-(a * b));
    c = f32_from_bits(product + static_cast<std::uint32_t>(r.integer(-2, 2)));
  });
}

// The sum lies on, or the smallest step beside, the middle of two f32: double rounding would show.
TEST_P(SimdFma, Ties) {
  check(4, 400, [](Random& r, float& a, float& b, float& c) {
    c = short_float(r, 24, 0, 0);
    const int exponent = std::ilogb(c) - 24;  // half of c's last bit
    a = std::ldexp(1.0f + static_cast<float>(r.integer(-2, 2)) * 0x1p-23f, exponent);
    b = 1.0f + static_cast<float>(r.integer(-2, 2)) * 0x1p-23f;
    if (r.bits() & 1) a = -a;
    if (r.bits() & 1) a = std::ldexp(a, static_cast<int>(r.integer(-40, 3)));
  });
}

// Results around the smallest normal number and among the subnormals.
TEST_P(SimdFma, Subnormals) {
  check(5, 500, [](Random& r, float& a, float& b, float& c) {
    a = short_float(r, static_cast<int>(r.integer(1, 24)), -70, -50);
    b = short_float(r, static_cast<int>(r.integer(1, 24)), -80, -60);
    c = r.bits() & 1 ? f32_from_bits(static_cast<std::uint32_t>(r.bits() & 0x81ffffffu)) : 0.0f;
    if (r.bits() % 4 == 0) {  // a * b + c just below FLT_MIN
      a = std::ldexp(1.0f - static_cast<float>(r.integer(0, 4)) * 0x1p-24f, -63);
      b = std::ldexp(1.0f - static_cast<float>(r.integer(0, 4)) * 0x1p-24f, -63);
      c = f32_from_bits(static_cast<std::uint32_t>(r.integer(0, 3)));
    }
  });
}

TEST_P(SimdFma, OverflowAndSpecialValues) {
  check(6, 100, [](Random& r, float& a, float& b, float& c) {
    constexpr float kSpecial[] = {0.0f,     -0.0f,    1.0f,     -1.0f,    INFINITY,     -INFINITY,
                                  NAN,      FLT_MAX,  -FLT_MAX, FLT_MIN,  FLT_TRUE_MIN, -FLT_TRUE_MIN,
                                  0x1p127f, 0x1p104f, 0x1p103f, -0x1p103f};
    const auto pick = [&] { return kSpecial[r.bits() % std::size(kSpecial)]; };
    a = pick(), b = pick(), c = pick();
  });
}

// A bf16 code: mostly numbers like a network's, but also any bits, subnormals and zeros.
std::uint32_t some_bf16(Random& random) {
  const auto bits = static_cast<std::uint32_t>(random.bits());
  switch (bits >> 29) {
    case 0:
      return bits & 0xffffu;
    case 1:
      return bits & 0x807fu;
    case 2:
      return (bits & 0x83ffu) + 0x1e00u;  // products around the smallest normal number
    default:
      return (bits & 0x87ffu) + 0x3c00u;
  }
}

std::uint32_t some_pair(Random& random) { return some_bf16(random) | some_bf16(random) << 16; }

float some_sum(Random& random) {
  if (random.bits() % 4 == 0) return any_bits(random);
  if (random.bits() % 4 == 0) return f32_from_bits(static_cast<std::uint32_t>(random.bits() & 0x80ffffffu));
  return short_float(random, 24, -12, 8);
}

// Two million random sums: VDPBF16PS is the odd product and then the even one, each a fused multiply-add whose
// subnormal operands and results are zero.
TEST(SimdDotPairs, AreTwoFusedMultiplyAddsOddFirst) {
  if (!isa_level_runs(3)) GTEST_SKIP() << "this processor has no " << isa_level_name(3);
  Random random(7);
  std::vector<std::uint32_t> pairs(kGroup), broadcast(kGroup / 16);
  std::vector<float> sums(kGroup), y;
  for (std::int64_t done = 0; done < 2'000'000; done += kGroup) {
    for (std::uint32_t& pair : pairs) pair = some_pair(random);
    for (std::uint32_t& pair : broadcast) pair = some_pair(random);
    for (float& sum : sums) sum = some_sum(random);
    y = sums;
    simd_probe(3).dot_pairs(pairs.data(), broadcast.data(), y.data(), kGroup);
    for (std::size_t i = 0; i < y.size(); ++i) {
      const std::uint32_t a = pairs[i], b = broadcast[i / 16];
      const float odd = fma_flushing(f32_from_bits(a & 0xffff0000u), f32_from_bits(b & 0xffff0000u), sums[i]);
      const float expected = fma_flushing(f32_from_bits(a << 16), f32_from_bits(b << 16), odd);
      const bool same = std::isnan(expected) ? std::isnan(y[i]) : f32_bits(y[i]) == f32_bits(expected);
      ASSERT_TRUE(same) << std::hexfloat << sums[i] << " + pairs " << std::hex << a << " and " << b << " = "
                        << std::hexfloat << y[i] << ", expected " << expected;
    }
  }
}

}  // namespace
}  // namespace candor::test
