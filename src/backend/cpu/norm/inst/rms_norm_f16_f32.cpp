// rms_norm: rows of f16, weights of f32.
#include "backend/cpu/norm/rms_norm_rows-inl.h"
#include "backend/cpu/norm/norm.h"

namespace candor::cpu::CANDOR_ISA {

void rms_norm_f16_f32(const RmsNorm& args, Stream& stream) { rms_norm_rows<F16, float, F16>(args, stream); }
void rms_norm_f16_f32_to_f32(const RmsNorm& args, Stream& stream) { rms_norm_rows<F16, float, float>(args, stream); }

}  // namespace candor::cpu::CANDOR_ISA
