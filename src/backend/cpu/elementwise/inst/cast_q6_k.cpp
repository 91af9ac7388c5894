// Casts from q6_k blocks.
#include "backend/cpu/elementwise/cast_dequantize-inl.h"
#include "backend/cpu/elementwise/elementwise.h"

namespace candor::cpu::CANDOR_ISA {

void cast_q6_k_f32(const Cast& args, Stream& stream) { cast_dequantize<DType::q6_k, float>(args, stream); }
void cast_q6_k_f16(const Cast& args, Stream& stream) { cast_dequantize<DType::q6_k, F16>(args, stream); }
void cast_q6_k_bf16(const Cast& args, Stream& stream) { cast_dequantize<DType::q6_k, Bf16>(args, stream); }

}  // namespace candor::cpu::CANDOR_ISA
