// attention: queries of bf16, keys and values of f16.
#include "backend/cpu/attention/attention.h"
#include "backend/cpu/attention/attention_decode-inl.h"
#include "backend/cpu/attention/attention_flash-inl.h"

namespace candor::cpu::CANDOR_ISA {

void attention_decode_bf16_f16(const Attention& args, Stream& stream) {
  attention_decode<Bf16, F16, Bf16>(args, stream);
}
void attention_decode_bf16_f16_to_f32(const Attention& args, Stream& stream) {
  attention_decode<Bf16, F16, float>(args, stream);
}
void attention_flash_bf16_f16(const Attention& args, Stream& stream) { attention_flash<Bf16, F16, Bf16>(args, stream); }
void attention_flash_bf16_f16_to_f32(const Attention& args, Stream& stream) {
  attention_flash<Bf16, F16, float>(args, stream);
}

}  // namespace candor::cpu::CANDOR_ISA
