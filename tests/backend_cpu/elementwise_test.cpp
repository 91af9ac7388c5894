// Unary, binary, copy and fill: scalar expectations, strides, and the same bits on every ISA and worker count.
#include "backend/cpu/elementwise/elementwise.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/backend_cpu/operand.h"
#include "tests/backend_cpu/test_stream.h"

namespace candor {
namespace {

using test::Operand;

struct UnaryEntry {
  DType a;
  test::PerIsa<Unary> kernels;
};
const std::vector<UnaryEntry> kUnary = {{DType::f32, CANDOR_PER_ISA(unary_f32)},
                                        {DType::bf16, CANDOR_PER_ISA(unary_bf16)},
                                        {DType::f16, CANDOR_PER_ISA(unary_f16)}};

struct BinaryEntry {
  DType a, b, out;
  test::PerIsa<Binary> kernels;
};
const std::vector<BinaryEntry> kBinary = {{DType::f32, DType::f32, DType::f32, CANDOR_PER_ISA(binary_f32_f32)},
                                          {DType::bf16, DType::bf16, DType::bf16, CANDOR_PER_ISA(binary_bf16_bf16)},
                                          {DType::f16, DType::f16, DType::f16, CANDOR_PER_ISA(binary_f16_f16)},
                                          {DType::bf16, DType::f32, DType::bf16, CANDOR_PER_ISA(binary_bf16_f32)},
                                          {DType::bf16, DType::f32, DType::f32, CANDOR_PER_ISA(binary_bf16_f32_to_f32)},
                                          {DType::f16, DType::f32, DType::f16, CANDOR_PER_ISA(binary_f16_f32)},
                                          {DType::f16, DType::f32, DType::f32, CANDOR_PER_ISA(binary_f16_f32_to_f32)}};

double unary_exact(UnaryKind kind, double x) {
  switch (kind) {
    case UnaryKind::neg:
      return -x;
    case UnaryKind::abs:
      return std::fabs(x);
    case UnaryKind::sqrt:
      return std::sqrt(x);
    case UnaryKind::rsqrt:
      return 1 / std::sqrt(x);
    case UnaryKind::exp:
      return std::exp(x);
    case UnaryKind::tanh:
      return std::tanh(x);
    case UnaryKind::sigmoid:
      return 1 / (1 + std::exp(-x));
    case UnaryKind::relu:
      return std::isnan(x) || x > 0 ? x : 0;
    case UnaryKind::silu:
      return x / (1 + std::exp(-x));
    case UnaryKind::gelu_tanh:
      return x / (1 + std::exp(-2 * std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case UnaryKind::gelu_erf:
      return 0.5 * x * std::erfc(-x / std::sqrt(2.0));
  }
  return 0;
}

void set_specials(Operand& x) {
  const double specials[] = {0.0, -0.0, INFINITY, -INFINITY, NAN, 1e-30, -1e-30, 1e30, -1e30, 88, -88};
  for (std::size_t i = 0; i < std::size(specials); ++i) x.set(static_cast<std::int64_t>(i), specials[i]);
}

TEST(CpuUnary, EveryKindDtypeAndIsa) {
  for (const UnaryEntry& entry : kUnary) {
    Operand x(entry.a, {3, 67}, {70, 1}, test::element_bytes(entry.a));
    x.randomise(1, 3.0);
    set_specials(x);
    for (int k = 0; k <= static_cast<int>(UnaryKind::gelu_erf); ++k) {
      std::string first;
      entry.kernels.each([&](Isa isa, Launch<Unary> run) {
        for (const int workers : {1, 3}) {
          Operand y(entry.a, {3, 67});
          test::TestStream stream(workers);
          run({.x = x.view(), .y = y.view(), .kind = static_cast<UnaryKind>(k)}, stream);
          ASSERT_TRUE(y.guards_intact());
          if (first.empty()) first = y.bits();
          ASSERT_TRUE(y.bits() == first) << isa_name(isa) << " kind " << k;
          for (std::int64_t i = 0; i < x.elements(); ++i) {
            std::byte rounded[8];
            test::write_element(entry.a, rounded, unary_exact(static_cast<UnaryKind>(k), x.at(i)));
            const double exact = test::read_element(entry.a, rounded), actual = y.at(i);
            if (std::isnan(exact) || std::isinf(exact)) {
              ASSERT_TRUE(std::isnan(exact) ? std::isnan(actual) : actual == exact) << "kind " << k << " x " << x.at(i);
              continue;
            }
            // 5.7 ulp of f32 (simd/math-inl.h) before the rounding to storage, which may then go either way.
            const double bound = std::fabs(exact) * (2 * test::unit_roundoff(entry.a) + 5.7 * 0x1p-23) + 0x1p-133;
            ASSERT_LE(std::fabs(actual - exact), entry.a == DType::f16 ? bound + 0x1p-24 : bound)
                << "kind " << k << " x " << x.at(i) << ": " << actual << " expected " << exact;
          }
        }
      });
    }
  }
}

float binary_exact(BinaryKind kind, float x, float z) {
  if (std::isnan(x) || std::isnan(z)) return NAN;
  switch (kind) {
    case BinaryKind::add:
      return x + z;
    case BinaryKind::sub:
      return x - z;
    case BinaryKind::mul:
      return x * z;
    case BinaryKind::div:
      return x / z;
    case BinaryKind::max:
      return x < z ? z : x;
    case BinaryKind::min:
      return z < x ? z : x;
  }
  return 0;
}

/// x [2, 3, 37] against z broadcast by strides.
void check_binary(const BinaryEntry& entry, BinaryKind kind, std::vector<std::int64_t> x_strides,
                  std::vector<std::int64_t> z_strides) {
  Operand x(entry.a, {2, 3, 37}, std::move(x_strides)), z(entry.b, {2, 3, 37}, std::move(z_strides));
  x.randomise(1);
  z.randomise(2);
  if (x.offset(36) == 36) set_specials(x);
  z.set(3, NAN);
  std::string first;
  entry.kernels.each([&](Isa isa, Launch<Binary> run) {
    for (const int workers : {1, 2}) {
      Operand y(entry.out, {2, 3, 37}, {}, test::element_bytes(entry.out));
      test::TestStream stream(workers);
      run({.x = x.view(), .z = z.view(), .y = y.view(), .kind = kind}, stream);
      ASSERT_TRUE(y.guards_intact());
      if (first.empty()) first = y.bits();
      ASSERT_TRUE(y.bits() == first) << isa_name(isa);
      for (std::int64_t i = 0; i < x.elements(); ++i) {
        const float exact = binary_exact(kind, static_cast<float>(x.at(i)), static_cast<float>(z.at(i)));
        std::byte rounded[8];
        test::write_element(entry.out, rounded, static_cast<double>(exact));
        const double expected = test::read_element(entry.out, rounded);
        ASSERT_TRUE(std::isnan(expected) ? std::isnan(y.at(i)) : y.at(i) == expected)
            << static_cast<int>(kind) << ": " << x.at(i) << ", " << z.at(i) << " gives " << y.at(i);
      }
    }
  });
}

TEST(CpuBinary, IsCorrectlyRoundedWithEveryBroadcast) {
  for (const BinaryEntry& entry : kBinary) {
    for (int k = 0; k <= static_cast<int>(BinaryKind::min); ++k) {
      check_binary(entry, static_cast<BinaryKind>(k), {}, {});
      check_binary(entry, static_cast<BinaryKind>(k), {}, {0, 0, 1});
      check_binary(entry, static_cast<BinaryKind>(k), {}, {3, 1, 0});
      check_binary(entry, static_cast<BinaryKind>(k), {0, 0, 0}, {111, 37, 1});
      check_binary(entry, static_cast<BinaryKind>(k), {1, 2, 6}, {});
    }
  }
}

TEST(CpuBinary, FirstNanOperandIsTheResult) {
  test::PerIsa<Binary>(CANDOR_PER_ISA(binary_f32_f32)).each([](Isa, Launch<Binary> run) {
    Operand x(DType::f32, {16}), z(DType::f32, {16}), y(DType::f32, {16});
    x.randomise(1);
    z.randomise(1);
    const std::uint32_t quiet = 0xffc00011u, signalling = 0x7f800022u;
    std::memcpy(x.element(0), &quiet, 4);
    std::memcpy(z.element(0), &signalling, 4);
    std::memcpy(z.element(1), &signalling, 4);
    for (int k = 0; k <= static_cast<int>(BinaryKind::min); ++k) {
      test::TestStream stream;
      run({.x = x.view(), .z = z.view(), .y = y.view(), .kind = static_cast<BinaryKind>(k)}, stream);
      std::uint32_t bits[2];
      std::memcpy(bits, y.data(), 8);
      EXPECT_EQ(bits[0], 0xffc00011u);
      EXPECT_EQ(bits[1], 0x7fc00022u);
    }
  });
}

TEST(CpuCopy, EveryElementSizeAndStride) {
  const std::vector<std::vector<std::int64_t>> strides = {{}, {1, 5}, {40, 2}, {0, 1}};
  for (const DType dtype : {DType::f64, DType::f32, DType::bf16, DType::u8, DType::i32, DType::f8_e4m3}) {
    for (const auto& from : strides) {
      for (const auto& to :
           {std::vector<std::int64_t>{}, std::vector<std::int64_t>{1, 5}, std::vector<std::int64_t>{29, 2}}) {
        Operand x(dtype, {5, 13}, from), y(dtype, {5, 13}, to);
        std::mt19937 generator(3);
        for (std::int64_t i = 0; i < x.elements(); ++i)
          for (std::size_t b = 0; b < test::element_bytes(dtype); ++b)
            x.element(i)[b] = static_cast<std::byte>(generator());
        for (const int workers : {1, 3}) {
          test::TestStream stream(workers);
          cpu::copy_strided({.x = x.view(), .y = y.view()}, stream);
          ASSERT_TRUE(y.guards_intact());
          ASSERT_TRUE(x.bits() == y.bits());
        }
      }
    }
  }
}

TEST(CpuCopy, BlocksMoveWhole) {
  std::vector<std::byte> from(3 * 3 * 18), to(3 * 2 * 18);  // [3, 3·32] of which [3, 2·32] is copied
  for (std::size_t i = 0; i < from.size(); ++i) from[i] = static_cast<std::byte>(i * 7);
  ConstView x{from.data(), DType::q4_0, Layout::strided, 2, {3, 64}, {96, 1}};
  View y;
  static_cast<ConstView&>(y) = {to.data(), DType::q4_0, Layout::strided, 2, {3, 64}, {64, 1}};
  EXPECT_EQ(cpu::copy_strided_refuses({.x = x, .y = y}), "");
  test::TestStream stream(2);
  cpu::copy_strided({.x = x, .y = y}, stream);
  for (std::size_t row = 0; row < 3; ++row) EXPECT_EQ(0, std::memcmp(to.data() + row * 36, from.data() + row * 54, 36));
  x.stride[1] = 2;
  EXPECT_NE(cpu::copy_strided_refuses({.x = x, .y = y}), "");
}

TEST(CpuFill, RoundsOnce) {
  const struct {
    DType dtype;
    Launch<Fill> run;
  } entries[] = {{DType::f64, cpu::fill_f64},
                 {DType::f32, cpu::fill_f32},
                 {DType::f16, cpu::fill_f16},
                 {DType::bf16, cpu::fill_bf16}};
  const double value = 1 + 0x1p-8 + 0x1p-40;  // a second rounding to bf16 would lose the last bit
  for (const auto& entry : entries) {
    for (const auto& strides :
         {std::vector<std::int64_t>{}, std::vector<std::int64_t>{1, 5}, std::vector<std::int64_t>{31, 2}}) {
      Operand y(entry.dtype, {5, 13}, strides);
      test::TestStream stream(2);
      entry.run({.y = y.view(), .value = value}, stream);
      std::byte rounded[8];
      test::write_element(entry.dtype, rounded, value);
      for (std::int64_t i = 0; i < y.elements(); ++i) ASSERT_EQ(y.at(i), test::read_element(entry.dtype, rounded));
      EXPECT_TRUE(y.guards_intact());
    }
  }
}

TEST(CpuFill, IntegersSaturateAndTiesGoToEven) {
  const auto filled = [](DType dtype, Launch<Fill> run, double value) {
    Operand y(dtype, {3});
    test::TestStream stream;
    run({.y = y.view(), .value = value}, stream);
    return y.at(2);
  };
  EXPECT_EQ(filled(DType::i32, cpu::fill_i32, 2.5), 2);
  EXPECT_EQ(filled(DType::i32, cpu::fill_i32, 1e30), 2147483647);
  EXPECT_EQ(filled(DType::i64, cpu::fill_i64, -1e30), -0x1p63);
  EXPECT_EQ(filled(DType::i8, cpu::fill_i8, -200), -128);
  EXPECT_EQ(filled(DType::u8, cpu::fill_u8, -3), 0);
  EXPECT_EQ(filled(DType::u8, cpu::fill_u8, NAN), 0);
}

}  // namespace
}  // namespace candor
