// f32 panels of x × packed f32 tiles.
#include "backend/cpu/matmul/accumulate-inl.h"

namespace candor::cpu::CANDOR_ISA {

void accumulate_f32(const AccumulateArgs& args) { accumulate<F32Tile>(args); }

}  // namespace candor::cpu::CANDOR_ISA
