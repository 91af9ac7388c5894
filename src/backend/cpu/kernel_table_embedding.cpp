// Rows: embedding.
#include "backend/cpu/embedding/embedding.h"
#include "backend/cpu/kernel_table.h"
#include "backend/cpu/rows.h"

namespace candor::cpu {
namespace {

using enum DType;
using enum InstructionClass;

constexpr auto kRows =
    concatenate(on_each_isa<Embedding>(moving(f32, f32), bit_move, "cpu/embedding/embedding_gather",
                                       CANDOR_EACH_ISA(embedding_f32_f32), embedding_gather_refuses),
                on_each_isa<Embedding>(moving(f32, f16), convert_rne, "cpu/embedding/embedding_gather",
                                       CANDOR_EACH_ISA(embedding_f32_f16), embedding_gather_refuses),
                on_each_isa<Embedding>(moving(f32, bf16), convert_rne, "cpu/embedding/embedding_gather",
                                       CANDOR_EACH_ISA(embedding_f32_bf16), embedding_gather_refuses),
                on_each_isa<Embedding>(moving(f16, f32), convert_rne, "cpu/embedding/embedding_gather",
                                       CANDOR_EACH_ISA(embedding_f16_f32), embedding_gather_refuses),
                on_each_isa<Embedding>(moving(f16, f16), bit_move, "cpu/embedding/embedding_gather",
                                       CANDOR_EACH_ISA(embedding_f16_f16), embedding_gather_refuses),
                on_each_isa<Embedding>(moving(f16, bf16), convert_rne, "cpu/embedding/embedding_gather",
                                       CANDOR_EACH_ISA(embedding_f16_bf16), embedding_gather_refuses),
                on_each_isa<Embedding>(moving(bf16, f32), convert_rne, "cpu/embedding/embedding_gather",
                                       CANDOR_EACH_ISA(embedding_bf16_f32), embedding_gather_refuses),
                on_each_isa<Embedding>(moving(bf16, f16), convert_rne, "cpu/embedding/embedding_gather",
                                       CANDOR_EACH_ISA(embedding_bf16_f16), embedding_gather_refuses),
                on_each_isa<Embedding>(moving(bf16, bf16), bit_move, "cpu/embedding/embedding_gather",
                                       CANDOR_EACH_ISA(embedding_bf16_bf16), embedding_gather_refuses),
                on_each_isa<Embedding>(moving(q4_0, f32), convert_rne, "cpu/embedding/embedding_gather",
                                       CANDOR_EACH_ISA(embedding_q4_0_f32), embedding_gather_refuses),
                on_each_isa<Embedding>(moving(q4_0, f16), convert_rne, "cpu/embedding/embedding_gather",
                                       CANDOR_EACH_ISA(embedding_q4_0_f16), embedding_gather_refuses),
                on_each_isa<Embedding>(moving(q4_0, bf16), convert_rne, "cpu/embedding/embedding_gather",
                                       CANDOR_EACH_ISA(embedding_q4_0_bf16), embedding_gather_refuses),
                on_each_isa<Embedding>(moving(q4_1, f32), convert_rne, "cpu/embedding/embedding_gather",
                                       CANDOR_EACH_ISA(embedding_q4_1_f32), embedding_gather_refuses),
                on_each_isa<Embedding>(moving(q4_1, f16), convert_rne, "cpu/embedding/embedding_gather",
                                       CANDOR_EACH_ISA(embedding_q4_1_f16), embedding_gather_refuses),
                on_each_isa<Embedding>(moving(q4_1, bf16), convert_rne, "cpu/embedding/embedding_gather",
                                       CANDOR_EACH_ISA(embedding_q4_1_bf16), embedding_gather_refuses),
                on_each_isa<Embedding>(moving(q5_0, f32), convert_rne, "cpu/embedding/embedding_gather",
                                       CANDOR_EACH_ISA(embedding_q5_0_f32), embedding_gather_refuses),
                on_each_isa<Embedding>(moving(q5_0, f16), convert_rne, "cpu/embedding/embedding_gather",
                                       CANDOR_EACH_ISA(embedding_q5_0_f16), embedding_gather_refuses),
                on_each_isa<Embedding>(moving(q5_0, bf16), convert_rne, "cpu/embedding/embedding_gather",
                                       CANDOR_EACH_ISA(embedding_q5_0_bf16), embedding_gather_refuses),
                on_each_isa<Embedding>(moving(q5_1, f32), convert_rne, "cpu/embedding/embedding_gather",
                                       CANDOR_EACH_ISA(embedding_q5_1_f32), embedding_gather_refuses),
                on_each_isa<Embedding>(moving(q5_1, f16), convert_rne, "cpu/embedding/embedding_gather",
                                       CANDOR_EACH_ISA(embedding_q5_1_f16), embedding_gather_refuses),
                on_each_isa<Embedding>(moving(q5_1, bf16), convert_rne, "cpu/embedding/embedding_gather",
                                       CANDOR_EACH_ISA(embedding_q5_1_bf16), embedding_gather_refuses),
                on_each_isa<Embedding>(moving(q8_0, f32), convert_rne, "cpu/embedding/embedding_gather",
                                       CANDOR_EACH_ISA(embedding_q8_0_f32), embedding_gather_refuses),
                on_each_isa<Embedding>(moving(q8_0, f16), convert_rne, "cpu/embedding/embedding_gather",
                                       CANDOR_EACH_ISA(embedding_q8_0_f16), embedding_gather_refuses),
                on_each_isa<Embedding>(moving(q8_0, bf16), convert_rne, "cpu/embedding/embedding_gather",
                                       CANDOR_EACH_ISA(embedding_q8_0_bf16), embedding_gather_refuses),
                on_each_isa<Embedding>(moving(q4_k, f32), convert_rne, "cpu/embedding/embedding_gather",
                                       CANDOR_EACH_ISA(embedding_q4_k_f32), embedding_gather_refuses),
                on_each_isa<Embedding>(moving(q4_k, f16), convert_rne, "cpu/embedding/embedding_gather",
                                       CANDOR_EACH_ISA(embedding_q4_k_f16), embedding_gather_refuses),
                on_each_isa<Embedding>(moving(q4_k, bf16), convert_rne, "cpu/embedding/embedding_gather",
                                       CANDOR_EACH_ISA(embedding_q4_k_bf16), embedding_gather_refuses),
                on_each_isa<Embedding>(moving(q5_k, f32), convert_rne, "cpu/embedding/embedding_gather",
                                       CANDOR_EACH_ISA(embedding_q5_k_f32), embedding_gather_refuses),
                on_each_isa<Embedding>(moving(q5_k, f16), convert_rne, "cpu/embedding/embedding_gather",
                                       CANDOR_EACH_ISA(embedding_q5_k_f16), embedding_gather_refuses),
                on_each_isa<Embedding>(moving(q5_k, bf16), convert_rne, "cpu/embedding/embedding_gather",
                                       CANDOR_EACH_ISA(embedding_q5_k_bf16), embedding_gather_refuses),
                on_each_isa<Embedding>(moving(q6_k, f32), convert_rne, "cpu/embedding/embedding_gather",
                                       CANDOR_EACH_ISA(embedding_q6_k_f32), embedding_gather_refuses),
                on_each_isa<Embedding>(moving(q6_k, f16), convert_rne, "cpu/embedding/embedding_gather",
                                       CANDOR_EACH_ISA(embedding_q6_k_f16), embedding_gather_refuses),
                on_each_isa<Embedding>(moving(q6_k, bf16), convert_rne, "cpu/embedding/embedding_gather",
                                       CANDOR_EACH_ISA(embedding_q6_k_bf16), embedding_gather_refuses));
static_assert(no_duplicates(kRows));

}  // namespace

std::span<const KernelRow> embedding_rows() { return kRows; }

}  // namespace candor::cpu
