// pack_tiles writes exactly the layout of core/packed.h, padding included; and what the matmul kernels refuse.
#include <gtest/gtest.h>

#include "tests/backend_cpu/matmul_operands.h"

namespace candor::test {
namespace {

struct Packer {
  DType dtype;
  Isa isa;
  Launch<PackTiles> pack;
};

class PackTilesTest : public testing::TestWithParam<Packer> {};

TEST_P(PackTilesTest, WritesTheLayoutAndNothingElse) {
  const auto& [dtype, isa, pack] = GetParam();
  if (!machine_has(isa)) GTEST_SKIP();
  for (const std::int64_t n : {0, 1, 15, 16, 17, 50})
    for (const std::int64_t k : {0, 1, 2, 3, 7, 8, 9, 64, 129}) {
      const Operand source(dtype, n, k, Operand::Fill::normal, static_cast<std::uint64_t>(n * 1000 + k), 2);
      const PackedOperand expected(source);
      constexpr std::size_t kGuard = 64;
      std::vector<std::byte> bytes(expected.bytes().size() + 2 * kGuard, std::byte{0x5a});
      View y;
      static_cast<ConstView&>(y) = expected.view();
      y.data = bytes.data() + kGuard;
      TestStream stream(3);
      pack({source.view(), y}, stream);
      for (std::size_t i = 0; i < bytes.size(); ++i) {
        const bool guard = i < kGuard || i >= bytes.size() - kGuard;
        ASSERT_EQ(bytes[i], guard ? std::byte{0x5a} : expected.bytes()[i - kGuard])
            << n << " x " << k << ", byte " << i;
      }
    }
}

INSTANTIATE_TEST_SUITE_P(Dtypes, PackTilesTest,
                         testing::Values(Packer{DType::f32, Isa::baseline, cpu::baseline::pack_tiles_f32},
                                         Packer{DType::f16, Isa::baseline, cpu::baseline::pack_tiles_f16},
                                         Packer{DType::bf16, Isa::baseline, cpu::baseline::pack_tiles_bf16},
                                         Packer{DType::f32, Isa::avx2, cpu::avx2::pack_tiles_f32},
                                         Packer{DType::f16, Isa::avx2, cpu::avx2::pack_tiles_f16},
                                         Packer{DType::bf16, Isa::avx2, cpu::avx2::pack_tiles_bf16},
                                         Packer{DType::f32, Isa::avx512, cpu::avx512::pack_tiles_f32},
                                         Packer{DType::f16, Isa::avx512, cpu::avx512::pack_tiles_f16},
                                         Packer{DType::bf16, Isa::avx512, cpu::avx512::pack_tiles_bf16}),
                         [](const auto& info) {
                           return std::string(dtype_name(info.param.dtype)) + "_" +
                                  std::to_string(static_cast<int>(info.param.isa));
                         });

TEST(MatmulRefuses, WhatTheKernelsCannotTake) {
  const Operand x(DType::bf16, 3, 8, Operand::Fill::normal, 1), w(DType::bf16, 5, 8, Operand::Fill::normal, 2);
  const Operand bias(DType::f32, 1, 5, Operand::Fill::normal, 3);
  const Result y(DType::bf16, 3, 5);
  const Matmul good{x.view(), w.view(), bias.vector(), y.view()};
  EXPECT_EQ(cpu::matmul_packed_refuses(good), "");
  EXPECT_EQ(cpu::matmul_dequantize_refuses(good), "");

  Matmul bad = good;
  bad.x.stride[1] = 2;
  EXPECT_EQ(cpu::matmul_packed_refuses(bad), "x must be contiguous along K");
  bad = good;
  bad.weight.stride[1] = 3;
  EXPECT_EQ(cpu::matmul_packed_refuses(bad), "weight must be contiguous along K");
  bad = good;
  bad.y.stride[1] = 7;
  EXPECT_EQ(cpu::matmul_packed_refuses(bad), "the result must be contiguous along N");
  bad = good;
  bad.bias.dtype = DType::f64;
  EXPECT_EQ(cpu::matmul_packed_refuses(bad), "bias must be f32, bf16 or f16");
  bad = good;
  bad.weight.layout = Layout::packed_tiles;
  EXPECT_EQ(cpu::matmul_packed_refuses(bad), "");
  EXPECT_NE(cpu::matmul_dequantize_refuses(bad), "");
  EXPECT_NE(cpu::pack_tiles_refuses({w.view(), y.view()}), "");
}

}  // namespace
}  // namespace candor::test
