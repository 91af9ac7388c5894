// bf16 activations × f16 weights.
#include "backend/cpu/matmul/matmul.h"
#include "backend/cpu/matmul/matmul_packed-inl.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

constexpr auto& kKernels = kPackedKernels<Bf16, F16>;

}  // namespace

void matmul_bf16_f16(const Matmul& op, Stream& stream) { linear_matmul<run_linear>(kKernels, op, stream); }
void qkv_projection_bf16_f16(const QkvProjection& op, Stream& stream) { linear_qkv<run_linear>(kKernels, op, stream); }
void gated_linear_bf16_f16(const GatedLinear& op, Stream& stream) { linear_gated<run_linear>(kKernels, op, stream); }

}  // namespace candor::cpu::CANDOR_ISA
