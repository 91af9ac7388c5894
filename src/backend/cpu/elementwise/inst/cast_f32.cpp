// Casts from f32.
#include "backend/cpu/elementwise/cast_round-inl.h"
#include "backend/cpu/elementwise/cast_scalar-inl.h"
#include "backend/cpu/elementwise/elementwise.h"

namespace candor::cpu::CANDOR_ISA {

void cast_f32_f64(const Cast& args, Stream& stream) { cast_scalar<float, double>(args, stream); }
void cast_f32_f16(const Cast& args, Stream& stream) { cast_round<float, F16>(args, stream); }
void cast_f32_bf16(const Cast& args, Stream& stream) { cast_round<float, Bf16>(args, stream); }
void cast_f32_f8_e4m3(const Cast& args, Stream& stream) { cast_scalar<float, F8E4M3>(args, stream); }
void cast_f32_f8_e5m2(const Cast& args, Stream& stream) { cast_scalar<float, F8E5M2>(args, stream); }

}  // namespace candor::cpu::CANDOR_ISA
