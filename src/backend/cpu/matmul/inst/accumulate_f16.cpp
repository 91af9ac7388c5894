// f32 panels of x × packed f16 tiles.
#include "backend/cpu/matmul/accumulate-inl.h"

namespace candor::cpu::CANDOR_ISA {

void accumulate_f16(const AccumulateArgs& args) { accumulate<F16Tile>(args); }

}  // namespace candor::cpu::CANDOR_ISA
