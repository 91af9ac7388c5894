// bf16 activations × bf16 weights. On AVX512-BF16 a VDPBF16PS takes a pair of k, with the same bits as two fused
// multiply-adds; everything around it is the AVX-512 driver.
#include "backend/cpu/matmul/matmul.h"
#include "backend/cpu/matmul/matmul_packed-inl.h"

#if CANDOR_ISA_LEVEL >= 3
#include "backend/cpu/matmul/matmul_dpbf16-inl.h"
#endif

namespace candor::cpu::CANDOR_ISA {
namespace {

#if CANDOR_ISA_LEVEL >= 3
constexpr auto& kKernels = kDpbf16Kernels;
constexpr auto kRun = avx512::run_linear;
#else
constexpr auto& kKernels = kPackedKernels<Bf16, Bf16>;
constexpr auto kRun = run_linear;
#endif

}  // namespace

void matmul_bf16_bf16(const Matmul& op, Stream& stream) { linear_matmul<kRun>(kKernels, op, stream); }
void qkv_projection_bf16_bf16(const QkvProjection& op, Stream& stream) { linear_qkv<kRun>(kKernels, op, stream); }
void gated_linear_bf16_bf16(const GatedLinear& op, Stream& stream) { linear_gated<kRun>(kKernels, op, stream); }

}  // namespace candor::cpu::CANDOR_ISA
