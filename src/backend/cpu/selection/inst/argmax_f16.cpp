// argmax over rows of f16.
#include "backend/cpu/selection/argmax_scan-inl.h"
#include "backend/cpu/selection/selection.h"

namespace candor::cpu::CANDOR_ISA {

void argmax_f16(const Argmax& args, Stream& stream) { argmax_scan<F16>(args, stream); }

}  // namespace candor::cpu::CANDOR_ISA
