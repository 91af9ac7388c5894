// softmax: rows of f32.
#include "backend/cpu/norm/norm.h"
#include "backend/cpu/norm/softmax_rows-inl.h"

namespace candor::cpu::CANDOR_ISA {

void softmax_f32(const Softmax& args, Stream& stream) { softmax_rows<float, float>(args, stream); }

}  // namespace candor::cpu::CANDOR_ISA
