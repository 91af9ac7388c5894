// Rows: attention.
#include "backend/cpu/attention/attention.h"
#include "backend/cpu/kernel_table.h"
#include "backend/cpu/rows.h"

namespace candor::cpu {
namespace {

using enum DType;
using enum InstructionClass;

constexpr auto kRows = concatenate(
    on_each_isa<Attention>({.a = f32, .b = f32, .out = f32}, f32_fma_ftz, "cpu/attention/attention_decode",
                           CANDOR_EACH_ISA(attention_decode_f32_f32), attention_decode_refuses),
    on_each_isa<Attention>({.a = f32, .b = f32, .out = f32}, f32_fma_ftz, "cpu/attention/attention_flash",
                           CANDOR_EACH_ISA(attention_flash_f32_f32), attention_flash_refuses),
    on_each_isa<Attention>({.a = f32, .b = f16, .out = f32}, f32_fma_ftz, "cpu/attention/attention_decode",
                           CANDOR_EACH_ISA(attention_decode_f32_f16), attention_decode_refuses),
    on_each_isa<Attention>({.a = f32, .b = f16, .out = f32}, f32_fma_ftz, "cpu/attention/attention_flash",
                           CANDOR_EACH_ISA(attention_flash_f32_f16), attention_flash_refuses),
    on_each_isa<Attention>({.a = f32, .b = bf16, .out = f32}, f32_fma_ftz, "cpu/attention/attention_decode",
                           CANDOR_EACH_ISA(attention_decode_f32_bf16), attention_decode_refuses),
    on_each_isa<Attention>({.a = f32, .b = bf16, .out = f32}, f32_fma_ftz, "cpu/attention/attention_flash",
                           CANDOR_EACH_ISA(attention_flash_f32_bf16), attention_flash_refuses),
    on_each_isa<Attention>({.a = f16, .b = f32, .out = f16}, f32_fma_ftz, "cpu/attention/attention_decode",
                           CANDOR_EACH_ISA(attention_decode_f16_f32), attention_decode_refuses),
    on_each_isa<Attention>({.a = f16, .b = f32, .out = f32}, f32_fma_ftz, "cpu/attention/attention_decode",
                           CANDOR_EACH_ISA(attention_decode_f16_f32_to_f32), attention_decode_refuses),
    on_each_isa<Attention>({.a = f16, .b = f32, .out = f16}, f32_fma_ftz, "cpu/attention/attention_flash",
                           CANDOR_EACH_ISA(attention_flash_f16_f32), attention_flash_refuses),
    on_each_isa<Attention>({.a = f16, .b = f32, .out = f32}, f32_fma_ftz, "cpu/attention/attention_flash",
                           CANDOR_EACH_ISA(attention_flash_f16_f32_to_f32), attention_flash_refuses),
    on_each_isa<Attention>({.a = f16, .b = f16, .out = f16}, f32_fma_ftz, "cpu/attention/attention_decode",
                           CANDOR_EACH_ISA(attention_decode_f16_f16), attention_decode_refuses),
    on_each_isa<Attention>({.a = f16, .b = f16, .out = f32}, f32_fma_ftz, "cpu/attention/attention_decode",
                           CANDOR_EACH_ISA(attention_decode_f16_f16_to_f32), attention_decode_refuses),
    on_each_isa<Attention>({.a = f16, .b = f16, .out = f16}, f32_fma_ftz, "cpu/attention/attention_flash",
                           CANDOR_EACH_ISA(attention_flash_f16_f16), attention_flash_refuses),
    on_each_isa<Attention>({.a = f16, .b = f16, .out = f32}, f32_fma_ftz, "cpu/attention/attention_flash",
                           CANDOR_EACH_ISA(attention_flash_f16_f16_to_f32), attention_flash_refuses),
    on_each_isa<Attention>({.a = f16, .b = bf16, .out = f16}, f32_fma_ftz, "cpu/attention/attention_decode",
                           CANDOR_EACH_ISA(attention_decode_f16_bf16), attention_decode_refuses),
    on_each_isa<Attention>({.a = f16, .b = bf16, .out = f32}, f32_fma_ftz, "cpu/attention/attention_decode",
                           CANDOR_EACH_ISA(attention_decode_f16_bf16_to_f32), attention_decode_refuses),
    on_each_isa<Attention>({.a = f16, .b = bf16, .out = f16}, f32_fma_ftz, "cpu/attention/attention_flash",
                           CANDOR_EACH_ISA(attention_flash_f16_bf16), attention_flash_refuses),
    on_each_isa<Attention>({.a = f16, .b = bf16, .out = f32}, f32_fma_ftz, "cpu/attention/attention_flash",
                           CANDOR_EACH_ISA(attention_flash_f16_bf16_to_f32), attention_flash_refuses),
    on_each_isa<Attention>({.a = bf16, .b = f32, .out = bf16}, f32_fma_ftz, "cpu/attention/attention_decode",
                           CANDOR_EACH_ISA(attention_decode_bf16_f32), attention_decode_refuses),
    on_each_isa<Attention>({.a = bf16, .b = f32, .out = f32}, f32_fma_ftz, "cpu/attention/attention_decode",
                           CANDOR_EACH_ISA(attention_decode_bf16_f32_to_f32), attention_decode_refuses),
    on_each_isa<Attention>({.a = bf16, .b = f32, .out = bf16}, f32_fma_ftz, "cpu/attention/attention_flash",
                           CANDOR_EACH_ISA(attention_flash_bf16_f32), attention_flash_refuses),
    on_each_isa<Attention>({.a = bf16, .b = f32, .out = f32}, f32_fma_ftz, "cpu/attention/attention_flash",
                           CANDOR_EACH_ISA(attention_flash_bf16_f32_to_f32), attention_flash_refuses),
    on_each_isa<Attention>({.a = bf16, .b = f16, .out = bf16}, f32_fma_ftz, "cpu/attention/attention_decode",
                           CANDOR_EACH_ISA(attention_decode_bf16_f16), attention_decode_refuses),
    on_each_isa<Attention>({.a = bf16, .b = f16, .out = f32}, f32_fma_ftz, "cpu/attention/attention_decode",
                           CANDOR_EACH_ISA(attention_decode_bf16_f16_to_f32), attention_decode_refuses),
    on_each_isa<Attention>({.a = bf16, .b = f16, .out = bf16}, f32_fma_ftz, "cpu/attention/attention_flash",
                           CANDOR_EACH_ISA(attention_flash_bf16_f16), attention_flash_refuses),
    on_each_isa<Attention>({.a = bf16, .b = f16, .out = f32}, f32_fma_ftz, "cpu/attention/attention_flash",
                           CANDOR_EACH_ISA(attention_flash_bf16_f16_to_f32), attention_flash_refuses),
    on_avx512bf16<Attention>({.a = bf16, .b = bf16, .out = bf16}, x86_dpbf16_ftz, "cpu/attention/attention_decode",
                             avx512bf16::attention_decode_bf16_bf16, attention_decode_refuses),
    on_each_isa<Attention>({.a = bf16, .b = bf16, .out = bf16}, f32_fma_ftz, "cpu/attention/attention_decode",
                           CANDOR_EACH_ISA(attention_decode_bf16_bf16), attention_decode_refuses),
    on_avx512bf16<Attention>({.a = bf16, .b = bf16, .out = f32}, x86_dpbf16_ftz, "cpu/attention/attention_decode",
                             avx512bf16::attention_decode_bf16_bf16_to_f32, attention_decode_refuses),
    on_each_isa<Attention>({.a = bf16, .b = bf16, .out = f32}, f32_fma_ftz, "cpu/attention/attention_decode",
                           CANDOR_EACH_ISA(attention_decode_bf16_bf16_to_f32), attention_decode_refuses),
    on_avx512bf16<Attention>({.a = bf16, .b = bf16, .out = bf16}, x86_dpbf16_ftz, "cpu/attention/attention_flash",
                             avx512bf16::attention_flash_bf16_bf16, attention_flash_refuses),
    on_each_isa<Attention>({.a = bf16, .b = bf16, .out = bf16}, f32_fma_ftz, "cpu/attention/attention_flash",
                           CANDOR_EACH_ISA(attention_flash_bf16_bf16), attention_flash_refuses),
    on_avx512bf16<Attention>({.a = bf16, .b = bf16, .out = f32}, x86_dpbf16_ftz, "cpu/attention/attention_flash",
                             avx512bf16::attention_flash_bf16_bf16_to_f32, attention_flash_refuses),
    on_each_isa<Attention>({.a = bf16, .b = bf16, .out = f32}, f32_fma_ftz, "cpu/attention/attention_flash",
                           CANDOR_EACH_ISA(attention_flash_bf16_bf16_to_f32), attention_flash_refuses));
static_assert(no_duplicates(kRows));

}  // namespace

std::span<const KernelRow> attention_rows() { return kRows; }

}  // namespace candor::cpu
