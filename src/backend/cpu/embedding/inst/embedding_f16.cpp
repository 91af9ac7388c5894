// Rows of a table of f16.
#include "backend/cpu/embedding/embedding.h"
#include "backend/cpu/embedding/embedding_gather-inl.h"

namespace candor::cpu::CANDOR_ISA {

void embedding_f16_f32(const Embedding& args, Stream& stream) { embedding_gather<F16, float>(args, stream); }
void embedding_f16_f16(const Embedding& args, Stream& stream) { embedding_gather<F16, F16>(args, stream); }
void embedding_f16_bf16(const Embedding& args, Stream& stream) { embedding_gather<F16, Bf16>(args, stream); }

}  // namespace candor::cpu::CANDOR_ISA
