// Rotary embedding of f32.
#include "backend/cpu/elementwise/elementwise.h"
#include "backend/cpu/elementwise/rope_rotate-inl.h"

namespace candor::cpu::CANDOR_ISA {

void rope_f32(const Rope& args, Stream& stream) { rope_rotate<float>(args, stream); }

}  // namespace candor::cpu::CANDOR_ISA
