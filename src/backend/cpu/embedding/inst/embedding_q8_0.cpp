// Rows of a table of q8_0 blocks.
#include "backend/cpu/embedding/embedding.h"
#include "backend/cpu/embedding/embedding_gather-inl.h"

namespace candor::cpu::CANDOR_ISA {

void embedding_q8_0_f32(const Embedding& args, Stream& stream) {
  embedding_dequantize<DType::q8_0, float>(args, stream);
}
void embedding_q8_0_f16(const Embedding& args, Stream& stream) { embedding_dequantize<DType::q8_0, F16>(args, stream); }
void embedding_q8_0_bf16(const Embedding& args, Stream& stream) {
  embedding_dequantize<DType::q8_0, Bf16>(args, stream);
}

}  // namespace candor::cpu::CANDOR_ISA
