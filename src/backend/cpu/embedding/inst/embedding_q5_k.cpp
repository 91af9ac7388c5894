// Rows of a table of q5_k blocks.
#include "backend/cpu/embedding/embedding.h"
#include "backend/cpu/embedding/embedding_gather-inl.h"

namespace candor::cpu::CANDOR_ISA {

void embedding_q5_k_f32(const Embedding& args, Stream& stream) {
  embedding_dequantize<DType::q5_k, float>(args, stream);
}
void embedding_q5_k_f16(const Embedding& args, Stream& stream) { embedding_dequantize<DType::q5_k, F16>(args, stream); }
void embedding_q5_k_bf16(const Embedding& args, Stream& stream) {
  embedding_dequantize<DType::q5_k, Bf16>(args, stream);
}

}  // namespace candor::cpu::CANDOR_ISA
