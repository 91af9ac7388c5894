// Binary functions of f16 and f16.
#include "backend/cpu/elementwise/binary_broadcast-inl.h"
#include "backend/cpu/elementwise/elementwise.h"

namespace candor::cpu::CANDOR_ISA {

void binary_f16_f16(const Binary& args, Stream& stream) { binary_broadcast<F16, F16, F16>(args, stream); }

}  // namespace candor::cpu::CANDOR_ISA
