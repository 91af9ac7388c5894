// Rows: copy, fill, unary, binary, rope.
#include "backend/cpu/elementwise/elementwise.h"
#include "backend/cpu/kernel_table.h"
#include "backend/cpu/rows.h"

namespace candor::cpu {
namespace {

using enum DType;
using enum InstructionClass;

constexpr auto kRows = concatenate(
    one_build<Copy>(moving(f64, f64), bit_move, "cpu/elementwise/copy_strided", copy_strided, copy_strided_refuses),
    one_build<Copy>(moving(f32, f32), bit_move, "cpu/elementwise/copy_strided", copy_strided, copy_strided_refuses),
    one_build<Copy>(moving(f16, f16), bit_move, "cpu/elementwise/copy_strided", copy_strided, copy_strided_refuses),
    one_build<Copy>(moving(bf16, bf16), bit_move, "cpu/elementwise/copy_strided", copy_strided, copy_strided_refuses),
    one_build<Copy>(moving(f8_e4m3, f8_e4m3), bit_move, "cpu/elementwise/copy_strided", copy_strided,
                    copy_strided_refuses),
    one_build<Copy>(moving(f8_e5m2, f8_e5m2), bit_move, "cpu/elementwise/copy_strided", copy_strided,
                    copy_strided_refuses),
    one_build<Copy>(moving(i64, i64), bit_move, "cpu/elementwise/copy_strided", copy_strided, copy_strided_refuses),
    one_build<Copy>(moving(i32, i32), bit_move, "cpu/elementwise/copy_strided", copy_strided, copy_strided_refuses),
    one_build<Copy>(moving(i8, i8), bit_move, "cpu/elementwise/copy_strided", copy_strided, copy_strided_refuses),
    one_build<Copy>(moving(u8, u8), bit_move, "cpu/elementwise/copy_strided", copy_strided, copy_strided_refuses),
    one_build<Copy>(moving(bool_, bool_), bit_move, "cpu/elementwise/copy_strided", copy_strided, copy_strided_refuses),
    one_build<Copy>(moving(q4_0, q4_0), bit_move, "cpu/elementwise/copy_strided", copy_strided, copy_strided_refuses),
    one_build<Copy>(moving(q4_1, q4_1), bit_move, "cpu/elementwise/copy_strided", copy_strided, copy_strided_refuses),
    one_build<Copy>(moving(q5_0, q5_0), bit_move, "cpu/elementwise/copy_strided", copy_strided, copy_strided_refuses),
    one_build<Copy>(moving(q5_1, q5_1), bit_move, "cpu/elementwise/copy_strided", copy_strided, copy_strided_refuses),
    one_build<Copy>(moving(q8_0, q8_0), bit_move, "cpu/elementwise/copy_strided", copy_strided, copy_strided_refuses),
    one_build<Copy>(moving(q4_k, q4_k), bit_move, "cpu/elementwise/copy_strided", copy_strided, copy_strided_refuses),
    one_build<Copy>(moving(q5_k, q5_k), bit_move, "cpu/elementwise/copy_strided", copy_strided, copy_strided_refuses),
    one_build<Copy>(moving(q6_k, q6_k), bit_move, "cpu/elementwise/copy_strided", copy_strided, copy_strided_refuses),
    one_build<Fill>(moving(f64, f64), bit_move, "cpu/elementwise/fill_strided", fill_f64),
    one_build<Fill>(moving(f32, f32), convert_rne, "cpu/elementwise/fill_strided", fill_f32),
    one_build<Fill>(moving(f16, f16), convert_rne, "cpu/elementwise/fill_strided", fill_f16),
    one_build<Fill>(moving(bf16, bf16), convert_rne, "cpu/elementwise/fill_strided", fill_bf16),
    one_build<Fill>(moving(i64, i64), convert_rne, "cpu/elementwise/fill_strided", fill_i64),
    one_build<Fill>(moving(i32, i32), convert_rne, "cpu/elementwise/fill_strided", fill_i32),
    one_build<Fill>(moving(i8, i8), convert_rne, "cpu/elementwise/fill_strided", fill_i8),
    one_build<Fill>(moving(u8, u8), convert_rne, "cpu/elementwise/fill_strided", fill_u8),
    on_each_isa<Unary>({.a = f32, .b = f32, .out = f32}, f32_fma, "cpu/elementwise/unary_map",
                       CANDOR_EACH_ISA(unary_f32)),
    on_each_isa<Unary>({.a = f16, .b = f16, .out = f16}, f32_fma, "cpu/elementwise/unary_map",
                       CANDOR_EACH_ISA(unary_f16)),
    on_each_isa<Unary>({.a = bf16, .b = bf16, .out = bf16}, f32_fma, "cpu/elementwise/unary_map",
                       CANDOR_EACH_ISA(unary_bf16)),
    on_each_isa<Binary>({.a = f32, .b = f32, .out = f32}, f32_fma, "cpu/elementwise/binary_broadcast",
                        CANDOR_EACH_ISA(binary_f32_f32)),
    on_each_isa<Binary>({.a = bf16, .b = bf16, .out = bf16}, f32_fma, "cpu/elementwise/binary_broadcast",
                        CANDOR_EACH_ISA(binary_bf16_bf16)),
    on_each_isa<Binary>({.a = f16, .b = f16, .out = f16}, f32_fma, "cpu/elementwise/binary_broadcast",
                        CANDOR_EACH_ISA(binary_f16_f16)),
    on_each_isa<Binary>({.a = bf16, .b = f32, .out = bf16}, f32_fma, "cpu/elementwise/binary_broadcast",
                        CANDOR_EACH_ISA(binary_bf16_f32)),
    on_each_isa<Binary>({.a = bf16, .b = f32, .out = f32}, f32_fma, "cpu/elementwise/binary_broadcast",
                        CANDOR_EACH_ISA(binary_bf16_f32_to_f32)),
    on_each_isa<Binary>({.a = f16, .b = f32, .out = f16}, f32_fma, "cpu/elementwise/binary_broadcast",
                        CANDOR_EACH_ISA(binary_f16_f32)),
    on_each_isa<Binary>({.a = f16, .b = f32, .out = f32}, f32_fma, "cpu/elementwise/binary_broadcast",
                        CANDOR_EACH_ISA(binary_f16_f32_to_f32)),
    on_each_isa<Rope>({.a = f32, .b = f32, .out = f32}, f32_fma, "cpu/elementwise/rope_rotate",
                      CANDOR_EACH_ISA(rope_f32), rope_rotate_refuses),
    on_each_isa<Rope>({.a = f16, .b = f16, .out = f16}, f32_fma, "cpu/elementwise/rope_rotate",
                      CANDOR_EACH_ISA(rope_f16), rope_rotate_refuses),
    on_each_isa<Rope>({.a = bf16, .b = bf16, .out = bf16}, f32_fma, "cpu/elementwise/rope_rotate",
                      CANDOR_EACH_ISA(rope_bf16), rope_rotate_refuses));
static_assert(no_duplicates(kRows));

}  // namespace

std::span<const KernelRow> elementwise_rows() { return kRows; }

}  // namespace candor::cpu
