// attention: queries of f16, keys and values of bf16.
#include "backend/cpu/attention/attention.h"
#include "backend/cpu/attention/attention_decode-inl.h"
#include "backend/cpu/attention/attention_flash-inl.h"

namespace candor::cpu::CANDOR_ISA {

void attention_decode_f16_bf16(const Attention& args, Stream& stream) {
  attention_decode<F16, Bf16, F16>(args, stream);
}
void attention_decode_f16_bf16_to_f32(const Attention& args, Stream& stream) {
  attention_decode<F16, Bf16, float>(args, stream);
}
void attention_flash_f16_bf16(const Attention& args, Stream& stream) { attention_flash<F16, Bf16, F16>(args, stream); }
void attention_flash_f16_bf16_to_f32(const Attention& args, Stream& stream) {
  attention_flash<F16, Bf16, float>(args, stream);
}

}  // namespace candor::cpu::CANDOR_ISA
