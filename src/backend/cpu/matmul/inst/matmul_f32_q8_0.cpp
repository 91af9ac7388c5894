// f32 activations × q8_0 weights.
#include "backend/cpu/matmul/matmul.h"
#include "backend/cpu/matmul/matmul_dequantize-inl.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

constexpr auto& kKernels = kDequantizeKernels<float, dequantize_tile<BlockQ8_0>>;

}  // namespace

void matmul_f32_q8_0(const Matmul& op, Stream& stream) { linear_matmul<run_linear>(kKernels, op, stream); }
void qkv_projection_f32_q8_0(const QkvProjection& op, Stream& stream) { linear_qkv<run_linear>(kKernels, op, stream); }
void gated_linear_f32_q8_0(const GatedLinear& op, Stream& stream) { linear_gated<run_linear>(kKernels, op, stream); }

}  // namespace candor::cpu::CANDOR_ISA
