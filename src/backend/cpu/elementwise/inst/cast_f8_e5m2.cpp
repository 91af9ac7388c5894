// Casts from f8_e5m2.
#include "backend/cpu/elementwise/cast_scalar-inl.h"
#include "backend/cpu/elementwise/elementwise.h"

namespace candor::cpu::CANDOR_ISA {

void cast_f8_e5m2_f64(const Cast& args, Stream& stream) { cast_codes<F8E5M2, double>(args, stream); }
void cast_f8_e5m2_f32(const Cast& args, Stream& stream) { cast_codes<F8E5M2, float>(args, stream); }
void cast_f8_e5m2_f16(const Cast& args, Stream& stream) { cast_codes<F8E5M2, F16>(args, stream); }
void cast_f8_e5m2_bf16(const Cast& args, Stream& stream) { cast_codes<F8E5M2, Bf16>(args, stream); }
void cast_f8_e5m2_f8_e4m3(const Cast& args, Stream& stream) { cast_codes<F8E5M2, F8E4M3>(args, stream); }

}  // namespace candor::cpu::CANDOR_ISA
