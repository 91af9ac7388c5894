// Binary functions of bf16 and f32.
#include "backend/cpu/elementwise/binary_broadcast-inl.h"
#include "backend/cpu/elementwise/elementwise.h"

namespace candor::cpu::CANDOR_ISA {

void binary_bf16_f32(const Binary& args, Stream& stream) { binary_broadcast<Bf16, float, Bf16>(args, stream); }
void binary_bf16_f32_to_f32(const Binary& args, Stream& stream) { binary_broadcast<Bf16, float, float>(args, stream); }

}  // namespace candor::cpu::CANDOR_ISA
