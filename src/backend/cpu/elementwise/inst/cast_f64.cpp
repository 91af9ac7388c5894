// Casts from f64.
#include "backend/cpu/elementwise/cast_scalar-inl.h"
#include "backend/cpu/elementwise/elementwise.h"

namespace candor::cpu::CANDOR_ISA {

void cast_f64_f32(const Cast& args, Stream& stream) { cast_scalar<double, float>(args, stream); }
void cast_f64_f16(const Cast& args, Stream& stream) { cast_scalar<double, F16>(args, stream); }
void cast_f64_bf16(const Cast& args, Stream& stream) { cast_scalar<double, Bf16>(args, stream); }
void cast_f64_f8_e4m3(const Cast& args, Stream& stream) { cast_scalar<double, F8E4M3>(args, stream); }
void cast_f64_f8_e5m2(const Cast& args, Stream& stream) { cast_scalar<double, F8E5M2>(args, stream); }

}  // namespace candor::cpu::CANDOR_ISA
