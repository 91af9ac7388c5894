// layer_norm: rows of bf16, weights of bf16.
#include "backend/cpu/norm/layer_norm_rows-inl.h"
#include "backend/cpu/norm/norm.h"

namespace candor::cpu::CANDOR_ISA {

void layer_norm_bf16_bf16(const LayerNorm& args, Stream& stream) { layer_norm_rows<Bf16, Bf16, Bf16>(args, stream); }
void layer_norm_bf16_bf16_to_f32(const LayerNorm& args, Stream& stream) {
  layer_norm_rows<Bf16, Bf16, float>(args, stream);
}

}  // namespace candor::cpu::CANDOR_ISA
