// Binary functions of f32 and f32.
#include "backend/cpu/elementwise/binary_broadcast-inl.h"
#include "backend/cpu/elementwise/elementwise.h"

namespace candor::cpu::CANDOR_ISA {

void binary_f32_f32(const Binary& args, Stream& stream) { binary_broadcast<float, float, float>(args, stream); }

}  // namespace candor::cpu::CANDOR_ISA
