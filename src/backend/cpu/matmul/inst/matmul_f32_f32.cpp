// f32 activations × f32 weights.
#include "backend/cpu/matmul/matmul.h"
#include "backend/cpu/matmul/matmul_packed-inl.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

constexpr auto& kKernels = kPackedKernels<float, float>;

}  // namespace

void matmul_f32_f32(const Matmul& op, Stream& stream) { linear_matmul<run_linear>(kKernels, op, stream); }
void qkv_projection_f32_f32(const QkvProjection& op, Stream& stream) { linear_qkv<run_linear>(kKernels, op, stream); }
void gated_linear_f32_f32(const GatedLinear& op, Stream& stream) { linear_gated<run_linear>(kKernels, op, stream); }

}  // namespace candor::cpu::CANDOR_ISA
