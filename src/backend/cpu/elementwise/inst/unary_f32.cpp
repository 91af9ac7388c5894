// Unary functions of f32.
#include "backend/cpu/elementwise/elementwise.h"
#include "backend/cpu/elementwise/unary_map-inl.h"

namespace candor::cpu::CANDOR_ISA {

void unary_f32(const Unary& args, Stream& stream) { unary_map<float>(args, stream); }

}  // namespace candor::cpu::CANDOR_ISA
