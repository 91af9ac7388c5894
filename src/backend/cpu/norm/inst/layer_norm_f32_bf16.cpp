// layer_norm: rows of f32, weights of bf16.
#include "backend/cpu/norm/layer_norm_rows-inl.h"
#include "backend/cpu/norm/norm.h"

namespace candor::cpu::CANDOR_ISA {

void layer_norm_f32_bf16(const LayerNorm& args, Stream& stream) { layer_norm_rows<float, Bf16, float>(args, stream); }

}  // namespace candor::cpu::CANDOR_ISA
