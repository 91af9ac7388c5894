// Rows of a table of q4_1 blocks.
#include "backend/cpu/embedding/embedding.h"
#include "backend/cpu/embedding/embedding_gather-inl.h"

namespace candor::cpu::CANDOR_ISA {

void embedding_q4_1_f32(const Embedding& args, Stream& stream) {
  embedding_dequantize<DType::q4_1, float>(args, stream);
}
void embedding_q4_1_f16(const Embedding& args, Stream& stream) { embedding_dequantize<DType::q4_1, F16>(args, stream); }
void embedding_q4_1_bf16(const Embedding& args, Stream& stream) {
  embedding_dequantize<DType::q4_1, Bf16>(args, stream);
}

}  // namespace candor::cpu::CANDOR_ISA
