// Binary functions of bf16 and bf16.
#include "backend/cpu/elementwise/binary_broadcast-inl.h"
#include "backend/cpu/elementwise/elementwise.h"

namespace candor::cpu::CANDOR_ISA {

void binary_bf16_bf16(const Binary& args, Stream& stream) { binary_broadcast<Bf16, Bf16, Bf16>(args, stream); }

}  // namespace candor::cpu::CANDOR_ISA
