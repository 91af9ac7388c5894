// Rows of a table of q6_k blocks.
#include "backend/cpu/embedding/embedding.h"
#include "backend/cpu/embedding/embedding_gather-inl.h"

namespace candor::cpu::CANDOR_ISA {

void embedding_q6_k_f32(const Embedding& args, Stream& stream) {
  embedding_dequantize<DType::q6_k, float>(args, stream);
}
void embedding_q6_k_f16(const Embedding& args, Stream& stream) { embedding_dequantize<DType::q6_k, F16>(args, stream); }
void embedding_q6_k_bf16(const Embedding& args, Stream& stream) {
  embedding_dequantize<DType::q6_k, Bf16>(args, stream);
}

}  // namespace candor::cpu::CANDOR_ISA
