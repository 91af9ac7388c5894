// attention: queries of f32, keys and values of f32.
#include "backend/cpu/attention/attention.h"
#include "backend/cpu/attention/attention_decode-inl.h"
#include "backend/cpu/attention/attention_flash-inl.h"

namespace candor::cpu::CANDOR_ISA {

void attention_decode_f32_f32(const Attention& args, Stream& stream) {
  attention_decode<float, float, float>(args, stream);
}
void attention_flash_f32_f32(const Attention& args, Stream& stream) {
  attention_flash<float, float, float>(args, stream);
}

}  // namespace candor::cpu::CANDOR_ISA
