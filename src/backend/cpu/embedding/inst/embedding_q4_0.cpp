// Rows of a table of q4_0 blocks.
#include "backend/cpu/embedding/embedding.h"
#include "backend/cpu/embedding/embedding_gather-inl.h"

namespace candor::cpu::CANDOR_ISA {

void embedding_q4_0_f32(const Embedding& args, Stream& stream) {
  embedding_dequantize<DType::q4_0, float>(args, stream);
}
void embedding_q4_0_f16(const Embedding& args, Stream& stream) { embedding_dequantize<DType::q4_0, F16>(args, stream); }
void embedding_q4_0_bf16(const Embedding& args, Stream& stream) {
  embedding_dequantize<DType::q4_0, Bf16>(args, stream);
}

}  // namespace candor::cpu::CANDOR_ISA
