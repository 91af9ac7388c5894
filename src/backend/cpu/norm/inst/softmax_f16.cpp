// softmax: rows of f16.
#include "backend/cpu/norm/norm.h"
#include "backend/cpu/norm/softmax_rows-inl.h"

namespace candor::cpu::CANDOR_ISA {

void softmax_f16(const Softmax& args, Stream& stream) { softmax_rows<F16, F16>(args, stream); }
void softmax_f16_to_f32(const Softmax& args, Stream& stream) { softmax_rows<F16, float>(args, stream); }

}  // namespace candor::cpu::CANDOR_ISA
