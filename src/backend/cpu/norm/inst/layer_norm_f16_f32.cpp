// layer_norm: rows of f16, weights of f32.
#include "backend/cpu/norm/layer_norm_rows-inl.h"
#include "backend/cpu/norm/norm.h"

namespace candor::cpu::CANDOR_ISA {

void layer_norm_f16_f32(const LayerNorm& args, Stream& stream) { layer_norm_rows<F16, float, F16>(args, stream); }
void layer_norm_f16_f32_to_f32(const LayerNorm& args, Stream& stream) {
  layer_norm_rows<F16, float, float>(args, stream);
}

}  // namespace candor::cpu::CANDOR_ISA
