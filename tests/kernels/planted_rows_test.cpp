// As planted_test.cpp, for the other ops.
#include "kernels/planted_rows.h"

#include <gtest/gtest.h>

#include "kernels/complaint.h"

namespace candor::test {
namespace {

constexpr DType bf16 = DType::bf16, f16 = DType::f16, f32 = DType::f32;

// A right kernel passes; each fault is noticed.
template <class Op>
void expect_caught(const Precision& precision, InstructionClass instruction_class, Launch<Op> launch,
                   const std::vector<Fault>& faults) {
  const KernelRow row = candor::row<Op>(precision, Isa::any, instruction_class, "planted", launch);
  planted_fault = Fault::none;
  EXPECT_EQ(complaint(row), "") << Op::name << " " << to_string(precision);
  for (const Fault fault : faults) {
    planted_fault = fault;
    EXPECT_NE(complaint(row), "") << Op::name << " " << to_string(precision) << ": fault " << static_cast<int>(fault)
                                  << " was not noticed";
  }
  planted_fault = Fault::none;
}

Precision alike(DType dtype) { return {.a = dtype, .b = dtype, .out = dtype}; }
Precision moved(DType from, DType to) {
  return {.a = from, .b = from, .out = to, .compute = DType::any, .accumulate = DType::any};
}

TEST(PlantedRows, Unary) {
  for (const DType dtype : {bf16, f16, f32}) {
    std::vector<Fault> faults = {Fault::drops_nan, Fault::other_function};
    if (dtype != f16) faults.push_back(Fault::flushes);
    if (dtype != bf16) faults.push_back(Fault::through_bf16);
    expect_caught<Unary>(alike(dtype), InstructionClass::f32_fma, planted_unary, faults);
  }
}

TEST(PlantedRows, Binary) {
  for (const DType dtype : {bf16, f16, f32}) {
    std::vector<Fault> faults = {Fault::drops_nan, Fault::swaps_operands};
    if (dtype != f16) faults.push_back(Fault::flushes);
    if (dtype != bf16) faults.push_back(Fault::through_bf16);
    expect_caught<Binary>(alike(dtype), InstructionClass::f32_fma, planted_binary, faults);
  }
  expect_caught<Binary>({.a = bf16, .b = f32, .out = bf16}, InstructionClass::f32_fma, planted_binary,
                        {Fault::through_bf16});
}

TEST(PlantedRows, Rope) {
  for (const DType dtype : {bf16, f16, f32})
    expect_caught<Rope>(alike(dtype), InstructionClass::f32_fma, planted_rope,
                        {Fault::through_bf16, Fault::other_function, Fault::swaps_operands});
}

TEST(PlantedRows, Softmax) {
  for (const DType dtype : {bf16, f16, f32})
    expect_caught<Softmax>(alike(dtype), InstructionClass::f32_fma, planted_softmax,
                           {Fault::through_bf16, Fault::sums_in_bf16, Fault::no_maximum, Fault::drops_nan});
}

TEST(PlantedRows, LayerNorm) {
  for (const DType dtype : {bf16, f16, f32}) {
    std::vector<Fault> faults = {Fault::sums_in_bf16, Fault::ignores_bias};
    // bf16 holds no mean so far above its spread that f32 squares would lose the difference.
    if (dtype != bf16) faults.push_back(Fault::one_pass);
    expect_caught<LayerNorm>(alike(dtype), InstructionClass::f32_fma, planted_layer_norm, faults);
  }
}

TEST(PlantedRows, QkvProjection) {
  for (const Precision& precision : {alike(bf16), alike(f32), Precision{.a = bf16, .b = DType::q4_1, .out = bf16}})
    expect_caught<QkvProjection>(precision, InstructionClass::f32_fma_ftz, planted_qkv_projection,
                                 {Fault::swaps_operands, Fault::ignores_bias, Fault::other_order});
}

TEST(PlantedRows, GatedLinear) {
  for (const Precision& precision : {alike(bf16), alike(f16), Precision{.a = bf16, .b = bf16, .out = f32}}) {
    std::vector<Fault> faults = {Fault::swaps_operands, Fault::ignores_bias, Fault::other_order};
    faults.push_back(precision.out == f32 ? Fault::other_function : Fault::rounds_between);
    expect_caught<GatedLinear>(precision, InstructionClass::f32_fma_ftz, planted_gated_linear, faults);
  }
}

TEST(PlantedRows, Embedding) {
  expect_caught<Embedding>(moved(bf16, bf16), InstructionClass::bit_move, planted_embedding,
                           {Fault::quiets_nan, Fault::other_row, Fault::flushes});
  expect_caught<Embedding>(moved(f32, f16), InstructionClass::convert_rne, planted_embedding,
                           {Fault::through_bf16, Fault::other_row});
  expect_caught<Embedding>(moved(bf16, f32), InstructionClass::convert_rne, planted_embedding,
                           {Fault::flushes, Fault::other_row});
}

TEST(PlantedRows, Selection) {
  for (const DType dtype : {bf16, f16, f32}) {
    std::vector<Fault> faults = {Fault::drops_nan, Fault::last_among_equals};
    if (dtype != f16) faults.push_back(Fault::flushes);
    if (dtype != bf16) faults.push_back(Fault::through_bf16);
    expect_caught<Argmax>(moved(dtype, dtype), InstructionClass::compare, planted_argmax, faults);
    faults.erase(std::remove(faults.begin(), faults.end(), Fault::flushes), faults.end());  // its claims hold none
    expect_caught<TopK>(moved(dtype, dtype), InstructionClass::compare, planted_top_k, faults);
  }
}

}  // namespace
}  // namespace candor::test
