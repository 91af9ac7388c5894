#include "backend/ref/kernel_table.h"

#include <array>

#include "backend/ref/kernels.h"

namespace candor::ref {
namespace {

constexpr Precision kAnyStorage{.a = DType::any, .b = DType::any, .out = DType::any, .compute = DType::f64,
                                .accumulate = DType::f64};

template <class Op> constexpr KernelRow reference(std::string_view name, Launch<Op> launch) {
  return row<Op>(kAnyStorage, Isa::any, InstructionClass::f64_loop, name, launch);
}

constexpr std::array kRows = {
    reference<Cast>("ref/cast", cast),
    reference<Copy>("ref/copy", copy),
    reference<Fill>("ref/fill", fill),
    reference<Unary>("ref/unary", unary),
    reference<Binary>("ref/binary", binary),
    reference<Embedding>("ref/embedding", embedding),
    reference<PackTiles>("ref/pack_tiles", pack_tiles),
    reference<Matmul>("ref/matmul", matmul),
    reference<QkvProjection>("ref/qkv_projection", qkv_projection),
    reference<GatedLinear>("ref/gated_linear", gated_linear),
    reference<RmsNorm>("ref/rms_norm", rms_norm),
    reference<LayerNorm>("ref/layer_norm", layer_norm),
    reference<Rope>("ref/rope", rope),
    reference<Softmax>("ref/softmax", softmax),
    reference<Attention>("ref/attention", attention),
    reference<Argmax>("ref/argmax", argmax),
    reference<TopK>("ref/top_k", top_k),
};
static_assert(no_duplicates(kRows));

template <class... Ops> constexpr std::size_t count_ops(OpList<Ops...>) { return sizeof...(Ops); }
static_assert(kRows.size() == count_ops(AllOps{}), "every op has its reference kernel");

}  // namespace

std::span<const KernelRow> ref_kernel_rows() { return kRows; }

}  // namespace candor::ref
