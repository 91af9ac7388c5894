// bf16 activations × q6_k weights.
#include "backend/cpu/matmul/matmul.h"
#include "backend/cpu/matmul/matmul_dequantize-inl.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

constexpr auto& kKernels = kDequantizeKernels<Bf16, dequantize_super_tile<BlockQ6_K>>;

}  // namespace

void matmul_bf16_q6_k(const Matmul& op, Stream& stream) { linear_matmul<run_linear>(kKernels, op, stream); }
void qkv_projection_bf16_q6_k(const QkvProjection& op, Stream& stream) { linear_qkv<run_linear>(kKernels, op, stream); }
void gated_linear_bf16_q6_k(const GatedLinear& op, Stream& stream) { linear_gated<run_linear>(kKernels, op, stream); }

}  // namespace candor::cpu::CANDOR_ISA
