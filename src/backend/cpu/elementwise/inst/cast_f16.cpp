// Casts from f16.
#include "backend/cpu/elementwise/cast_round-inl.h"
#include "backend/cpu/elementwise/cast_scalar-inl.h"
#include "backend/cpu/elementwise/elementwise.h"

namespace candor::cpu::CANDOR_ISA {

void cast_f16_f64(const Cast& args, Stream& stream) { cast_scalar<F16, double>(args, stream); }
void cast_f16_f32(const Cast& args, Stream& stream) { cast_round<F16, float>(args, stream); }
void cast_f16_bf16(const Cast& args, Stream& stream) { cast_round<F16, Bf16>(args, stream); }
void cast_f16_f8_e4m3(const Cast& args, Stream& stream) { cast_scalar<F16, F8E4M3>(args, stream); }
void cast_f16_f8_e5m2(const Cast& args, Stream& stream) { cast_scalar<F16, F8E5M2>(args, stream); }

}  // namespace candor::cpu::CANDOR_ISA
