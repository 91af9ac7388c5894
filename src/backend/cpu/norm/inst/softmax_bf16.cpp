// softmax: rows of bf16.
#include "backend/cpu/norm/norm.h"
#include "backend/cpu/norm/softmax_rows-inl.h"

namespace candor::cpu::CANDOR_ISA {

void softmax_bf16(const Softmax& args, Stream& stream) { softmax_rows<Bf16, Bf16>(args, stream); }
void softmax_bf16_to_f32(const Softmax& args, Stream& stream) { softmax_rows<Bf16, float>(args, stream); }

}  // namespace candor::cpu::CANDOR_ISA
