// Casts equal core/formats.h and core/blocks.h bit for bit on every ISA, for every code of the 8- and 16-bit formats.
#include <gtest/gtest.h>

#include "backend/cpu/elementwise/elementwise.h"
#include "tests/backend_cpu/operand.h"
#include "tests/backend_cpu/test_stream.h"

namespace candor {
namespace {

using test::Operand;

struct Pair {
  DType from, to;
  test::PerIsa<Cast> kernels;
};

#define PAIR(from, to) Pair{DType::from, DType::to, CANDOR_PER_ISA(cast_##from##_##to)}
#define TO_NARROW(from) PAIR(from, f32), PAIR(from, f16), PAIR(from, bf16)

const std::vector<Pair>& scalar_pairs() {
  static const std::vector<Pair> pairs = {
      PAIR(f32, f16), PAIR(f32, bf16), PAIR(f16, f32), PAIR(f16, bf16), PAIR(bf16, f32), PAIR(bf16, f16),
      TO_NARROW(f64), PAIR(f64, f8_e4m3), PAIR(f64, f8_e5m2), PAIR(f32, f64), PAIR(f16, f64), PAIR(bf16, f64),
      PAIR(f8_e4m3, f64), PAIR(f8_e5m2, f64), TO_NARROW(f8_e4m3), TO_NARROW(f8_e5m2), PAIR(f8_e4m3, f8_e5m2),
      PAIR(f8_e5m2, f8_e4m3), PAIR(f32, f8_e4m3), PAIR(f32, f8_e5m2), PAIR(f16, f8_e4m3), PAIR(f16, f8_e5m2),
      PAIR(bf16, f8_e4m3), PAIR(bf16, f8_e5m2)};
  return pairs;
}

const std::vector<Pair>& block_pairs() {
  static const std::vector<Pair> pairs = {TO_NARROW(q4_0), TO_NARROW(q4_1), TO_NARROW(q5_0), TO_NARROW(q5_1),
                                          TO_NARROW(q8_0), TO_NARROW(q4_k), TO_NARROW(q5_k), TO_NARROW(q6_k)};
  return pairs;
}

std::string name(const Pair& p) { return std::string(dtype_name(p.from)) + " -> " + std::string(dtype_name(p.to)); }

float to_f32(DType dtype, const std::byte* p) {
  std::uint16_t wide = 0;
  std::memcpy(&wide, p, test::element_bytes(dtype) < 2 ? 1 : 2);
  float value = 0;
  switch (dtype) {
    case DType::f16: return f16_bits_to_f32(wide);
    case DType::bf16: return bf16_bits_to_f32(wide);
    case DType::f8_e4m3: return f8_e4m3_bits_to_f32(static_cast<std::uint8_t>(wide));
    case DType::f8_e5m2: return f8_e5m2_bits_to_f32(static_cast<std::uint8_t>(wide));
    default: std::memcpy(&value, p, 4); return value;
  }
}

/// The bytes of one element cast by core's functions.
std::string expected_bytes(DType from, const std::byte* p, DType to) {
  const auto bytes = [](auto bits) { return std::string(reinterpret_cast<const char*>(&bits), sizeof bits); };
  if (from == DType::f64) {
    double x;
    std::memcpy(&x, p, 8);
    switch (to) {
      case DType::f32: return bytes(f64_to_f32(x));
      case DType::f16: return bytes(f64_to_f16_bits(x));
      case DType::bf16: return bytes(f64_to_bf16_bits(x));
      case DType::f8_e4m3: return bytes(f64_to_f8_e4m3_bits(x));
      default: return bytes(f64_to_f8_e5m2_bits(x));
    }
  }
  const float x = to_f32(from, p);
  switch (to) {
    case DType::f64: return bytes(f32_to_f64(x));
    case DType::f32: return bytes(x);
    case DType::f16: return bytes(f32_to_f16_bits(x));
    case DType::bf16: return bytes(f32_to_bf16_bits(x));
    case DType::f8_e4m3: return bytes(f32_to_f8_e4m3_bits(x));
    default: return bytes(f32_to_f8_e5m2_bits(x));
  }
}

/// Every code of a narrow format; for f32 and f64 random bits, near-ties and specials.
Operand every_value(DType dtype, std::vector<std::int64_t> strides, std::size_t misalign) {
  const std::size_t size = test::element_bytes(dtype);
  const std::int64_t count = size == 1 ? 256 : size == 2 ? 65536 : 40003;
  Operand x(dtype, {count}, std::move(strides), misalign * size);
  std::mt19937_64 generator(5);
  for (std::int64_t i = 0; i < count; ++i) {
    std::uint64_t bits = size <= 2 ? static_cast<std::uint64_t>(i) : generator();
    if (size == 4 && i % 3 == 1) bits = (bits & 0xffff0000u) | (0x7fff + (bits & 1) + (bits >> 1 & 1));  // bf16 ties
    if (size == 4 && i % 3 == 2) bits = (bits & 0x87ffffffu) + 0x30000000u;                              // f16's range
    if (size == 8 && i % 2 == 1) {
      const double value = static_cast<double>(f32_from_bits(static_cast<std::uint32_t>(generator()) & 0xffff8000u));
      bits = f64_bits(value) + (generator() % 3) - 1;  // next to a tie of a narrower format
    }
    std::memcpy(x.element(i), &bits, size);
  }
  const double specials[] = {0.0, -0.0, INFINITY, -INFINITY, NAN, 65519.9, 65520, 464, 465, 61440, 0x1p-133, 0x1p-134,
                             0x1p-149, 0x1p-24, 0x1p-25, 3.4028235677973366e38};
  for (std::size_t i = 0; size >= 4 && i < std::size(specials); ++i) x.set(static_cast<std::int64_t>(i), specials[i]);
  return x;
}

void check_scalar_pair(const Pair& pair, std::vector<std::int64_t> strides, std::size_t misalign) {
  const Operand x = every_value(pair.from, std::move(strides), misalign);
  std::string expected;
  for (std::int64_t i = 0; i < x.elements(); ++i) expected += expected_bytes(pair.from, x.element(i), pair.to);
  const std::size_t size = test::element_bytes(pair.to);
  pair.kernels.each([&](Isa isa, Launch<Cast> run) {
    for (const int workers : {1, 3}) {
      Operand y(pair.to, {x.elements()}, {}, misalign * size);
      test::TestStream stream(workers);
      run({.x = x.view(), .y = y.view()}, stream);
      ASSERT_TRUE(y.guards_intact()) << name(pair);
      const std::string bits = y.bits();
      for (std::int64_t i = 0; i < x.elements(); ++i)
        ASSERT_EQ(
            bits.compare(static_cast<std::size_t>(i) * size, size, expected, static_cast<std::size_t>(i) * size, size),
            0)
            << name(pair) << " on " << isa_name(isa) << " element " << i << " x " << x.at(i);
    }
  });
}

TEST(CpuCast, EqualsTheScalarConversions) {
  for (const Pair& pair : scalar_pairs()) {
    check_scalar_pair(pair, {}, 0);
    check_scalar_pair(pair, {}, 1);
    check_scalar_pair(pair, {3}, 0);
  }
}

TEST(CpuCast, KeepsSubnormalsWhateverTheThreadsMode) {
  const unsigned saved = __builtin_ia32_stmxcsr();
  __builtin_ia32_ldmxcsr(saved | 0x8040u);
  for (const Pair& pair : scalar_pairs()) check_scalar_pair(pair, {}, 0);
  EXPECT_EQ(__builtin_ia32_stmxcsr() & 0x8040u, 0x8040u);
  __builtin_ia32_ldmxcsr(saved);
}

TEST(CpuCast, TransposedSource) {
  Operand x(DType::f32, {7, 5}, {1, 9});
  x.randomise(3);
  test::PerIsa<Cast>(CANDOR_PER_ISA(cast_f32_bf16)).each([&](Isa, Launch<Cast> run) {
    Operand y(DType::bf16, {7, 5});
    test::TestStream stream(2);
    run({.x = x.view(), .y = y.view()}, stream);
    for (std::int64_t i = 0; i < 35; ++i)
      ASSERT_EQ(y.at(i), static_cast<double>(bf16_bits_to_f32(f32_to_bf16_bits(static_cast<float>(x.at(i))))));
  });
}

/// Random bytes whose f16 scales are finite.
std::vector<std::byte> random_blocks(DType dtype, std::int64_t blocks) {
  const DTypeInfo& info = dtype_info(dtype);
  std::vector<std::byte> bytes(static_cast<std::size_t>(blocks * info.block_bytes) + 1);
  std::mt19937 generator(11);
  for (std::byte& b : bytes) b = static_cast<std::byte>(generator());
  for (std::int64_t i = 0; i < blocks; ++i) {
    std::byte* block = bytes.data() + 1 + i * info.block_bytes;
    const bool last = dtype == DType::q6_k;  // its one scale stands at the end
    const std::byte high{static_cast<unsigned char>(0x20 + generator() % 0x20 + (generator() % 2 ? 0x80 : 0))};
    block[last ? info.block_bytes - 1 : 1] = high;
    if (!last && dtype != DType::q8_0) block[3] = high;  // a second scale, or quants
  }
  return bytes;
}

TEST(CpuCast, BlocksEqualCoreThenOneRounding) {
  for (const Pair& pair : block_pairs()) {
    const std::int64_t blocks = 37, elements = blocks * dtype_info(pair.from).block_elements;
    const std::vector<std::byte> bytes = random_blocks(pair.from, blocks);
    std::vector<float> exact(static_cast<std::size_t>(elements));
    ASSERT_TRUE(dequantize_blocks(pair.from, bytes.data() + 1, elements, exact.data()));
    ConstView x;
    x.data = bytes.data() + 1;
    x.dtype = pair.from;
    x.rank = 1;
    x.shape[0] = elements;
    x.stride[0] = 1;
    pair.kernels.each([&](Isa isa, Launch<Cast> run) {
      for (const int workers : {1, 3}) {
        Operand y(pair.to, {elements});
        test::TestStream stream(workers);
        run({.x = x, .y = y.view()}, stream);
        ASSERT_TRUE(y.guards_intact()) << name(pair);
        const std::string bits = y.bits();
        std::string expected;
        for (const float value : exact)
          expected += expected_bytes(DType::f32, reinterpret_cast<const std::byte*>(&value), pair.to);
        ASSERT_TRUE(bits == expected) << name(pair) << " on " << isa_name(isa);
      }
    });
  }
}

}  // namespace
}  // namespace candor
