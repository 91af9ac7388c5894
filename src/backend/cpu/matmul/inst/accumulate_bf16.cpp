// f32 panels of x × packed bf16 tiles.
#include "backend/cpu/matmul/accumulate-inl.h"

namespace candor::cpu::CANDOR_ISA {

void accumulate_bf16(const AccumulateArgs& args) { accumulate<Bf16Tile>(args); }

}  // namespace candor::cpu::CANDOR_ISA
