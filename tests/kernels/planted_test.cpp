// The checks of rows_test against kernels with planted faults: a right kernel passes all, each wrong one fails one.
#include "kernels/planted.h"

#include <gtest/gtest.h>

#include "kernels/complaint.h"

namespace candor::test {
namespace {

constexpr DType bf16 = DType::bf16, f16 = DType::f16, f32 = DType::f32;

KernelRow matmul_row(DType a, DType b, DType out) {
  return row<Matmul>({.a = a, .b = b, .out = out}, Isa::any, InstructionClass::f32_fma_ftz, "planted", planted_matmul);
}

void expect_matmul_caught(const std::string& name, const MatmulFault& fault, DType a, DType b, DType out) {
  matmul_fault = fault;
  EXPECT_NE(complaint(matmul_row(a, b, out)), "")
      << name << " was not noticed: " << to_string(matmul_row(a, b, out).precision);
}

struct Storage {
  DType a, b, out;
};
constexpr Storage kStorages[] = {{bf16, bf16, bf16}, {bf16, bf16, f32},         {f16, f16, f16},        {f32, f32, f32},
                                 {f32, bf16, f32},   {bf16, DType::q4_1, bf16}, {f32, DType::q6_k, f32}};

TEST(Planted, RightMatmulPasses) {
  for (const Storage& s : kStorages) {
    matmul_fault = {};
    EXPECT_EQ(complaint(matmul_row(s.a, s.b, s.out)), "")
        << dtype_name(s.a) << " " << dtype_name(s.b) << " " << dtype_name(s.out);
  }
}

TEST(Planted, MatmulArithmeticFaults) {
  for (const Storage& s : kStorages) {
    MatmulFault fault;
    for (const DType dtype : {bf16, f16, DType::f64}) {
      fault = {};
      fault.arithmetic.accumulate = dtype;
      expect_matmul_caught("sums in " + std::string(dtype_name(dtype)), fault, s.a, s.b, s.out);
    }
    for (const DType dtype : {bf16, f16}) {
      fault = {};
      fault.arithmetic.products = dtype;
      expect_matmul_caught("products in " + std::string(dtype_name(dtype)), fault, s.a, s.b, s.out);
    }
    for (const SumOrder order : {SumOrder::rising, SumOrder::even_and_odd_apart, SumOrder::halves_apart}) {
      fault = {};
      fault.arithmetic.order = order;
      expect_matmul_caught("order of the sum " + std::to_string(static_cast<int>(order)), fault, s.a, s.b, s.out);
    }
    fault = {};
    fault.arithmetic.operands = s.a == f16 ? bf16 : f16;
    expect_matmul_caught("operands rounded", fault, s.a, s.b, s.out);
    if (s.a == f16) continue;  // no f32 subnormals in f16 storage
    fault = {};
    fault.arithmetic.flushes = false;
    expect_matmul_caught("denormals kept", fault, s.a, s.b, s.out);
  }
}

TEST(Planted, MatmulShapeFaults) {
  for (const Storage& s : kStorages)
    for (bool MatmulFault::*flag :
         {&MatmulFault::skips_last_k, &MatmulFault::skips_last_column, &MatmulFault::skips_last_row,
          &MatmulFault::writes_past_row, &MatmulFault::swaps_rows, &MatmulFault::ignores_bias}) {
      MatmulFault fault;
      fault.*flag = true;
      expect_matmul_caught("shape fault", fault, s.a, s.b, s.out);
    }
}

TEST(Planted, MatmulSideEffects) {
  MatmulFault fault;
  fault.changes_input = true;
  expect_matmul_caught("a changed input", fault, bf16, bf16, f32);
#if defined(__x86_64__)
  const unsigned mode = _mm_getcsr();
  fault = {};
  fault.leaves_mode = true;
  expect_matmul_caught("a denormal mode left behind", fault, bf16, bf16, f32);
  _mm_setcsr(mode);
#endif
}

TEST(Planted, MatmulRoundingFaults) {
  for (const Storage& s : kStorages) {
    MatmulFault fault;
    fault.truncates = true;
    if (s.out != f32) expect_matmul_caught("truncation", fault, s.a, s.b, s.out);
    fault = {};
    fault.rounds_twice = true;
    if (s.out != f16) expect_matmul_caught("a result through f16", fault, s.a, s.b, s.out);
  }
}

TEST(Planted, RmsNorm) {
  for (const DType dtype : {bf16, f16, f32}) {
    const KernelRow norm = row<RmsNorm>({.a = dtype, .b = dtype, .out = dtype}, Isa::any, InstructionClass::f32_fma,
                                        "planted", planted_rms_norm);
    norm_accumulate = f32;
    norm_of_unrounded_sum = false;
    EXPECT_EQ(complaint(norm), "");
    norm_accumulate = bf16;
    EXPECT_NE(complaint(norm), "") << "sums in bf16";
    norm_accumulate = f16;
    EXPECT_NE(complaint(norm), "") << "sums in f16";
    norm_accumulate = f32;
    norm_of_unrounded_sum = true;
    if (dtype == f32) continue;  // no more than the norm's own error
    EXPECT_NE(complaint(norm), "") << "norm of the unrounded sum";
  }
}

TEST(Planted, Attention) {
  for (const DType dtype : {bf16, f16, f32}) {
    const KernelRow attention = row<Attention>({.a = dtype, .b = dtype, .out = dtype}, Isa::any,
                                               InstructionClass::f32_fma_ftz, "planted", planted_attention);
    attention_fault = {};
    EXPECT_EQ(complaint(attention), "");
    const auto expect_caught = [&](const char* name, AttentionFault fault) {
      attention_fault = fault;
      EXPECT_NE(complaint(attention), "") << name << " was not noticed in " << dtype_name(dtype);
    };
    expect_caught("P in bf16", {.weights = bf16});
    expect_caught("P in f16", {.weights = f16});
    expect_caught("scores in bf16", {.scores = bf16});
    expect_caught("scores in f16", {.scores = f16});
    expect_caught("sums in bf16", {.sums = bf16});
    expect_caught("sums in f16", {.sums = f16});
    expect_caught("sums in f64", {.sums = DType::f64});
    expect_caught("scores summed in f64", {.score_sums = DType::f64});
    expect_caught("one key too many", {.sees_one_more = true});
    expect_caught("a masked first key spoils the row", {.masks_poison = true});
    if (dtype != f16) expect_caught("denormals kept", {.keeps_denormals = true});
    if (dtype != bf16) expect_caught("query in bf16", {.query = bf16});
    if (dtype != f16) expect_caught("values in f16", {.value = f16});
  }
}

TEST(Planted, Cast) {
  const KernelRow cast =
      row<Cast>({.a = f32, .b = f32, .out = bf16}, Isa::any, InstructionClass::convert_rne, "planted", planted_cast);
  cast_fault = CastFault::none;
  EXPECT_EQ(complaint(cast), "");
  for (const CastFault fault : {CastFault::through_f16, CastFault::truncates, CastFault::flushes}) {
    cast_fault = fault;
    EXPECT_NE(complaint(cast), "") << "fault " << static_cast<int>(fault);
  }
}

}  // namespace
}  // namespace candor::test
