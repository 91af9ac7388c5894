// argmax over rows of f32.
#include "backend/cpu/selection/argmax_scan-inl.h"
#include "backend/cpu/selection/selection.h"

namespace candor::cpu::CANDOR_ISA {

void argmax_f32(const Argmax& args, Stream& stream) { argmax_scan<float>(args, stream); }

}  // namespace candor::cpu::CANDOR_ISA
