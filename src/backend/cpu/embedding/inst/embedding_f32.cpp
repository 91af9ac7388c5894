// Rows of a table of f32.
#include "backend/cpu/embedding/embedding.h"
#include "backend/cpu/embedding/embedding_gather-inl.h"

namespace candor::cpu::CANDOR_ISA {

void embedding_f32_f32(const Embedding& args, Stream& stream) { embedding_gather<float, float>(args, stream); }
void embedding_f32_f16(const Embedding& args, Stream& stream) { embedding_gather<float, F16>(args, stream); }
void embedding_f32_bf16(const Embedding& args, Stream& stream) { embedding_gather<float, Bf16>(args, stream); }

}  // namespace candor::cpu::CANDOR_ISA
