// Unary functions of bf16.
#include "backend/cpu/elementwise/elementwise.h"
#include "backend/cpu/elementwise/unary_map-inl.h"

namespace candor::cpu::CANDOR_ISA {

void unary_bf16(const Unary& args, Stream& stream) { unary_map<Bf16>(args, stream); }

}  // namespace candor::cpu::CANDOR_ISA
