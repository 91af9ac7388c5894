// Rotary embedding of bf16.
#include "backend/cpu/elementwise/elementwise.h"
#include "backend/cpu/elementwise/rope_rotate-inl.h"

namespace candor::cpu::CANDOR_ISA {

void rope_bf16(const Rope& args, Stream& stream) { rope_rotate<Bf16>(args, stream); }

}  // namespace candor::cpu::CANDOR_ISA
