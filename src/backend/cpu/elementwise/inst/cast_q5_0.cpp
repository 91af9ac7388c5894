// Casts from q5_0 blocks.
#include "backend/cpu/elementwise/cast_dequantize-inl.h"
#include "backend/cpu/elementwise/elementwise.h"

namespace candor::cpu::CANDOR_ISA {

void cast_q5_0_f32(const Cast& args, Stream& stream) { cast_dequantize<DType::q5_0, float>(args, stream); }
void cast_q5_0_f16(const Cast& args, Stream& stream) { cast_dequantize<DType::q5_0, F16>(args, stream); }
void cast_q5_0_bf16(const Cast& args, Stream& stream) { cast_dequantize<DType::q5_0, Bf16>(args, stream); }

}  // namespace candor::cpu::CANDOR_ISA
