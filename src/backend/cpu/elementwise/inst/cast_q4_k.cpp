// Casts from q4_k blocks.
#include "backend/cpu/elementwise/cast_dequantize-inl.h"
#include "backend/cpu/elementwise/elementwise.h"

namespace candor::cpu::CANDOR_ISA {

void cast_q4_k_f32(const Cast& args, Stream& stream) { cast_dequantize<DType::q4_k, float>(args, stream); }
void cast_q4_k_f16(const Cast& args, Stream& stream) { cast_dequantize<DType::q4_k, F16>(args, stream); }
void cast_q4_k_bf16(const Cast& args, Stream& stream) { cast_dequantize<DType::q4_k, Bf16>(args, stream); }

}  // namespace candor::cpu::CANDOR_ISA
