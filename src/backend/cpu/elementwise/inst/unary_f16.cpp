// Unary functions of f16.
#include "backend/cpu/elementwise/elementwise.h"
#include "backend/cpu/elementwise/unary_map-inl.h"

namespace candor::cpu::CANDOR_ISA {

void unary_f16(const Unary& args, Stream& stream) { unary_map<F16>(args, stream); }

}  // namespace candor::cpu::CANDOR_ISA
