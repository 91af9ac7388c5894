// Casts from f8_e4m3.
#include "backend/cpu/elementwise/cast_scalar-inl.h"
#include "backend/cpu/elementwise/elementwise.h"

namespace candor::cpu::CANDOR_ISA {

void cast_f8_e4m3_f64(const Cast& args, Stream& stream) { cast_codes<F8E4M3, double>(args, stream); }
void cast_f8_e4m3_f32(const Cast& args, Stream& stream) { cast_codes<F8E4M3, float>(args, stream); }
void cast_f8_e4m3_f16(const Cast& args, Stream& stream) { cast_codes<F8E4M3, F16>(args, stream); }
void cast_f8_e4m3_bf16(const Cast& args, Stream& stream) { cast_codes<F8E4M3, Bf16>(args, stream); }
void cast_f8_e4m3_f8_e5m2(const Cast& args, Stream& stream) { cast_codes<F8E4M3, F8E5M2>(args, stream); }

}  // namespace candor::cpu::CANDOR_ISA
