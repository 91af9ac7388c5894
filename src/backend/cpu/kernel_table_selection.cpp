// Rows: argmax, top_k.
#include "backend/cpu/kernel_table.h"
#include "backend/cpu/rows.h"
#include "backend/cpu/selection/selection.h"

namespace candor::cpu {
namespace {

using enum DType;
using enum InstructionClass;

constexpr auto kRows = concatenate(on_each_isa<Argmax>(moving(f32, f32), compare, "cpu/selection/argmax_scan",
                                                       CANDOR_EACH_ISA(argmax_f32), argmax_scan_refuses),
                                   on_each_isa<TopK>(moving(f32, f32), compare, "cpu/selection/top_k_heap",
                                                     CANDOR_EACH_ISA(top_k_f32), top_k_heap_refuses),
                                   on_each_isa<Argmax>(moving(f16, f16), compare, "cpu/selection/argmax_scan",
                                                       CANDOR_EACH_ISA(argmax_f16), argmax_scan_refuses),
                                   on_each_isa<TopK>(moving(f16, f16), compare, "cpu/selection/top_k_heap",
                                                     CANDOR_EACH_ISA(top_k_f16), top_k_heap_refuses),
                                   on_each_isa<Argmax>(moving(bf16, bf16), compare, "cpu/selection/argmax_scan",
                                                       CANDOR_EACH_ISA(argmax_bf16), argmax_scan_refuses),
                                   on_each_isa<TopK>(moving(bf16, bf16), compare, "cpu/selection/top_k_heap",
                                                     CANDOR_EACH_ISA(top_k_bf16), top_k_heap_refuses));
static_assert(no_duplicates(kRows));

}  // namespace

std::span<const KernelRow> selection_rows() { return kRows; }

}  // namespace candor::cpu
