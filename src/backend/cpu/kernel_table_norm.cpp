// Rows: rms_norm, layer_norm, softmax.
#include "backend/cpu/kernel_table.h"
#include "backend/cpu/norm/norm.h"
#include "backend/cpu/rows.h"

namespace candor::cpu {
namespace {

using enum DType;
using enum InstructionClass;

constexpr auto kRows =
    concatenate(on_each_isa<RmsNorm>({.a = f32, .b = f32, .out = f32}, f32_fma, "cpu/norm/rms_norm_rows",
                                     CANDOR_EACH_ISA(rms_norm_f32_f32), rms_norm_rows_refuses),
                on_each_isa<RmsNorm>({.a = bf16, .b = bf16, .out = bf16}, f32_fma, "cpu/norm/rms_norm_rows",
                                     CANDOR_EACH_ISA(rms_norm_bf16_bf16), rms_norm_rows_refuses),
                on_each_isa<RmsNorm>({.a = bf16, .b = bf16, .out = f32}, f32_fma, "cpu/norm/rms_norm_rows",
                                     CANDOR_EACH_ISA(rms_norm_bf16_bf16_to_f32), rms_norm_rows_refuses),
                on_each_isa<RmsNorm>({.a = bf16, .b = f32, .out = bf16}, f32_fma, "cpu/norm/rms_norm_rows",
                                     CANDOR_EACH_ISA(rms_norm_bf16_f32), rms_norm_rows_refuses),
                on_each_isa<RmsNorm>({.a = bf16, .b = f32, .out = f32}, f32_fma, "cpu/norm/rms_norm_rows",
                                     CANDOR_EACH_ISA(rms_norm_bf16_f32_to_f32), rms_norm_rows_refuses),
                on_each_isa<RmsNorm>({.a = f16, .b = f16, .out = f16}, f32_fma, "cpu/norm/rms_norm_rows",
                                     CANDOR_EACH_ISA(rms_norm_f16_f16), rms_norm_rows_refuses),
                on_each_isa<RmsNorm>({.a = f16, .b = f16, .out = f32}, f32_fma, "cpu/norm/rms_norm_rows",
                                     CANDOR_EACH_ISA(rms_norm_f16_f16_to_f32), rms_norm_rows_refuses),
                on_each_isa<RmsNorm>({.a = f16, .b = f32, .out = f16}, f32_fma, "cpu/norm/rms_norm_rows",
                                     CANDOR_EACH_ISA(rms_norm_f16_f32), rms_norm_rows_refuses),
                on_each_isa<RmsNorm>({.a = f16, .b = f32, .out = f32}, f32_fma, "cpu/norm/rms_norm_rows",
                                     CANDOR_EACH_ISA(rms_norm_f16_f32_to_f32), rms_norm_rows_refuses),
                on_each_isa<RmsNorm>({.a = f32, .b = bf16, .out = f32}, f32_fma, "cpu/norm/rms_norm_rows",
                                     CANDOR_EACH_ISA(rms_norm_f32_bf16), rms_norm_rows_refuses),
                on_each_isa<RmsNorm>({.a = f32, .b = f16, .out = f32}, f32_fma, "cpu/norm/rms_norm_rows",
                                     CANDOR_EACH_ISA(rms_norm_f32_f16), rms_norm_rows_refuses),
                on_each_isa<RmsNorm>({.a = bf16, .b = f16, .out = bf16}, f32_fma, "cpu/norm/rms_norm_rows",
                                     CANDOR_EACH_ISA(rms_norm_bf16_f16), rms_norm_rows_refuses),
                on_each_isa<RmsNorm>({.a = bf16, .b = f16, .out = f32}, f32_fma, "cpu/norm/rms_norm_rows",
                                     CANDOR_EACH_ISA(rms_norm_bf16_f16_to_f32), rms_norm_rows_refuses),
                on_each_isa<LayerNorm>({.a = f32, .b = f32, .out = f32}, f32_fma, "cpu/norm/layer_norm_rows",
                                       CANDOR_EACH_ISA(layer_norm_f32_f32), layer_norm_rows_refuses),
                on_each_isa<LayerNorm>({.a = bf16, .b = bf16, .out = bf16}, f32_fma, "cpu/norm/layer_norm_rows",
                                       CANDOR_EACH_ISA(layer_norm_bf16_bf16), layer_norm_rows_refuses),
                on_each_isa<LayerNorm>({.a = bf16, .b = bf16, .out = f32}, f32_fma, "cpu/norm/layer_norm_rows",
                                       CANDOR_EACH_ISA(layer_norm_bf16_bf16_to_f32), layer_norm_rows_refuses),
                on_each_isa<LayerNorm>({.a = bf16, .b = f32, .out = bf16}, f32_fma, "cpu/norm/layer_norm_rows",
                                       CANDOR_EACH_ISA(layer_norm_bf16_f32), layer_norm_rows_refuses),
                on_each_isa<LayerNorm>({.a = bf16, .b = f32, .out = f32}, f32_fma, "cpu/norm/layer_norm_rows",
                                       CANDOR_EACH_ISA(layer_norm_bf16_f32_to_f32), layer_norm_rows_refuses),
                on_each_isa<LayerNorm>({.a = f16, .b = f16, .out = f16}, f32_fma, "cpu/norm/layer_norm_rows",
                                       CANDOR_EACH_ISA(layer_norm_f16_f16), layer_norm_rows_refuses),
                on_each_isa<LayerNorm>({.a = f16, .b = f16, .out = f32}, f32_fma, "cpu/norm/layer_norm_rows",
                                       CANDOR_EACH_ISA(layer_norm_f16_f16_to_f32), layer_norm_rows_refuses),
                on_each_isa<LayerNorm>({.a = f16, .b = f32, .out = f16}, f32_fma, "cpu/norm/layer_norm_rows",
                                       CANDOR_EACH_ISA(layer_norm_f16_f32), layer_norm_rows_refuses),
                on_each_isa<LayerNorm>({.a = f16, .b = f32, .out = f32}, f32_fma, "cpu/norm/layer_norm_rows",
                                       CANDOR_EACH_ISA(layer_norm_f16_f32_to_f32), layer_norm_rows_refuses),
                on_each_isa<LayerNorm>({.a = f32, .b = bf16, .out = f32}, f32_fma, "cpu/norm/layer_norm_rows",
                                       CANDOR_EACH_ISA(layer_norm_f32_bf16), layer_norm_rows_refuses),
                on_each_isa<LayerNorm>({.a = f32, .b = f16, .out = f32}, f32_fma, "cpu/norm/layer_norm_rows",
                                       CANDOR_EACH_ISA(layer_norm_f32_f16), layer_norm_rows_refuses),
                on_each_isa<LayerNorm>({.a = bf16, .b = f16, .out = bf16}, f32_fma, "cpu/norm/layer_norm_rows",
                                       CANDOR_EACH_ISA(layer_norm_bf16_f16), layer_norm_rows_refuses),
                on_each_isa<LayerNorm>({.a = bf16, .b = f16, .out = f32}, f32_fma, "cpu/norm/layer_norm_rows",
                                       CANDOR_EACH_ISA(layer_norm_bf16_f16_to_f32), layer_norm_rows_refuses),
                on_each_isa<Softmax>({.a = f32, .b = f32, .out = f32}, f32_fma, "cpu/norm/softmax_rows",
                                     CANDOR_EACH_ISA(softmax_f32), softmax_rows_refuses),
                on_each_isa<Softmax>({.a = f16, .b = f16, .out = f16}, f32_fma, "cpu/norm/softmax_rows",
                                     CANDOR_EACH_ISA(softmax_f16), softmax_rows_refuses),
                on_each_isa<Softmax>({.a = f16, .b = f16, .out = f32}, f32_fma, "cpu/norm/softmax_rows",
                                     CANDOR_EACH_ISA(softmax_f16_to_f32), softmax_rows_refuses),
                on_each_isa<Softmax>({.a = bf16, .b = bf16, .out = bf16}, f32_fma, "cpu/norm/softmax_rows",
                                     CANDOR_EACH_ISA(softmax_bf16), softmax_rows_refuses),
                on_each_isa<Softmax>({.a = bf16, .b = bf16, .out = f32}, f32_fma, "cpu/norm/softmax_rows",
                                     CANDOR_EACH_ISA(softmax_bf16_to_f32), softmax_rows_refuses));
static_assert(no_duplicates(kRows));

}  // namespace

std::span<const KernelRow> norm_rows() { return kRows; }

}  // namespace candor::cpu
