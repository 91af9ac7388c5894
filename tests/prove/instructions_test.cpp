// The code of kernels as a witness: every row has the instructions that its class says, and a row that claims another
// class than its kernel's is found out.
#include "prove/code/instructions.h"

#include <gtest/gtest.h>

#include "kernels/registry.h"

namespace candor::prove {
namespace {

const std::vector<Symbol> kTwoFunctions = {{0x1000, 0x20, "first", true}, {0x2000, 0x10, "second", true}};

TEST(Disassembly, CountsByFunctionAndFollowsWhatTheyReferTo) {
  Disassembly code(kTwoFunctions);
  for (const char* line :
       {"0000000000001000 <first>:", "    1000:\tvfmadd231ps (%rax),%ymm1,%ymm2", "    1005:\tvmulss %xmm0,%xmm1,%xmm2",
        "    1009:\tbnd call 2000 <second>", "    100e:\tlea    0x10(%rip),%rax        # 3000 <table>",
        "    1015:\tjmp    1000 <first>", "    101a:\tcall   *%rax", "    2000:\tvdpbf16ps %zmm1,%zmm0,%zmm9",
        "    2006:\tmulpd %xmm0,%xmm1", "    9000:\tmulps %xmm0,%xmm1", "", "candor:     file format elf64-x86-64",
        "   zz:\tret"})
    code.add_line(line);
  const FunctionCode* first = code.find(0x1000);
  const FunctionCode* second = code.find(0x2000);
  ASSERT_TRUE(first != nullptr && second != nullptr);
  const auto count = [](const FunctionCode* function, Instruction kind) {
    return function->counts[static_cast<std::size_t>(kind)];
  };
  EXPECT_EQ(count(first, Instruction::fma_f32), 1u);
  EXPECT_EQ(count(first, Instruction::vex_mul_f32), 1u);
  EXPECT_EQ(count(first, Instruction::vex), 2u);
  EXPECT_EQ(first->targets, (std::vector<std::uint64_t>{0x2000, 0x3000}));
  EXPECT_EQ(count(second, Instruction::dpbf16), 1u);
  EXPECT_EQ(count(second, Instruction::wide), 1u);
  EXPECT_EQ(count(second, Instruction::sse_mul_f64), 1u);
  EXPECT_EQ(count(second, Instruction::sse_mul_f32), 0u);
  EXPECT_EQ(code.find(0x9000), nullptr);
}

class Instructions : public testing::Test {
 protected:
  void SetUp() override {
    code_.read(nullptr);
    if (!code_.notes().empty()) GTEST_SKIP() << code_.notes().front();
  }
  /// What is said of a row with this class and ISA once it claims another.
  std::string said_of(InstructionClass really, Isa isa, InstructionClass claimed, Isa claimed_isa) {
    for (const Backend& backend : installed_backends())
      for (KernelRow row : backend.rows) {
        if (row.op != Matmul::name || row.instruction_class != really || row.isa != isa) continue;
        row.instruction_class = claimed;
        row.isa = claimed_isa;
        return code_.of(row).finding;
      }
    return "no such row";
  }
  ProgramCode code_;
};

TEST_F(Instructions, OfEveryRowAreThoseOfItsClass) {
  std::size_t rows = 0;
  for (const Backend& backend : installed_backends()) {
    if (!backend.built) continue;
    for (const KernelRow& row : backend.rows) {  // also those that this machine cannot run
      const CodeProof proof = code_.of(row);
      EXPECT_FALSE(proof.function.empty()) << row.name << " " << to_string(row.precision);
      EXPECT_EQ(proof.finding, "") << row.name << " " << to_string(row.precision) << " " << isa_name(row.isa);
      ++rows;
    }
  }
  EXPECT_GT(rows, 17u);
}

TEST_F(Instructions, OfAnotherClassAreFoundOut) {
  using enum InstructionClass;
  EXPECT_EQ(said_of(f32_fma_ftz, Isa::avx512, x86_dpbf16_ftz, Isa::avx512bf16),
            "no vdpbf16ps in a kernel of class x86-dpbf16-ftz");
  EXPECT_EQ(said_of(x86_dpbf16_ftz, Isa::avx512bf16, f32_fma_ftz, Isa::avx512bf16),
            "vdpbf16ps in a kernel of class f32-fma-ftz");
  EXPECT_EQ(said_of(f32_fma_ftz, Isa::avx2, bit_move, Isa::avx2), "multiplications in a kernel of class bit-move");
  EXPECT_EQ(said_of(f32_fma_ftz, Isa::avx2, compare, Isa::avx2), "multiplications in a kernel of class compare");
  EXPECT_EQ(said_of(f32_fma_ftz, Isa::avx2, f32_fma_ftz, Isa::baseline),
            "VEX or EVEX instructions in a kernel for every x86-64, no mulps and no mulpd");
  EXPECT_EQ(said_of(f32_fma_ftz, Isa::avx512, f32_fma_ftz, Isa::avx2),
            "512-bit registers or masks in a kernel for AVX2");
  EXPECT_EQ(said_of(f32_fma_ftz, Isa::baseline, f32_fma_ftz, Isa::avx2), "no vfmadd in a kernel of class f32-fma-ftz");
  EXPECT_EQ(said_of(f64_loop, Isa::any, f32_fma_ftz, Isa::avx2), "no vfmadd in a kernel of class f32-fma-ftz");
}

}  // namespace
}  // namespace candor::prove
