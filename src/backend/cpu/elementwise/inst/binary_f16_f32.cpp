// Binary functions of f16 and f32.
#include "backend/cpu/elementwise/binary_broadcast-inl.h"
#include "backend/cpu/elementwise/elementwise.h"

namespace candor::cpu::CANDOR_ISA {

void binary_f16_f32(const Binary& args, Stream& stream) { binary_broadcast<F16, float, F16>(args, stream); }
void binary_f16_f32_to_f32(const Binary& args, Stream& stream) { binary_broadcast<F16, float, float>(args, stream); }

}  // namespace candor::cpu::CANDOR_ISA
