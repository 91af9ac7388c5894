// rms_norm: rows of bf16, weights of f16.
#include "backend/cpu/norm/rms_norm_rows-inl.h"
#include "backend/cpu/norm/norm.h"

namespace candor::cpu::CANDOR_ISA {

void rms_norm_bf16_f16(const RmsNorm& args, Stream& stream) { rms_norm_rows<Bf16, F16, Bf16>(args, stream); }
void rms_norm_bf16_f16_to_f32(const RmsNorm& args, Stream& stream) { rms_norm_rows<Bf16, F16, float>(args, stream); }

}  // namespace candor::cpu::CANDOR_ISA
