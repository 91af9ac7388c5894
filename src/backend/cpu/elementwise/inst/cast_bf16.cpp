// Casts from bf16.
#include "backend/cpu/elementwise/cast_round-inl.h"
#include "backend/cpu/elementwise/cast_scalar-inl.h"
#include "backend/cpu/elementwise/elementwise.h"

namespace candor::cpu::CANDOR_ISA {

void cast_bf16_f64(const Cast& args, Stream& stream) { cast_scalar<Bf16, double>(args, stream); }
void cast_bf16_f32(const Cast& args, Stream& stream) { cast_round<Bf16, float>(args, stream); }
void cast_bf16_f16(const Cast& args, Stream& stream) { cast_round<Bf16, F16>(args, stream); }
void cast_bf16_f8_e4m3(const Cast& args, Stream& stream) { cast_scalar<Bf16, F8E4M3>(args, stream); }
void cast_bf16_f8_e5m2(const Cast& args, Stream& stream) { cast_scalar<Bf16, F8E5M2>(args, stream); }

}  // namespace candor::cpu::CANDOR_ISA
