// Entry points of the embedding family.
// <op>_<a>[_<b>] writes the dtype of a; _to_f32 writes f32; a cast or an embedding names its output last.
#pragma once

#include <string_view>

#include "kernels/embedding.h"
#include "kernels/stream.h"

namespace candor::cpu {

std::string_view embedding_gather_refuses(const Embedding& args);

}  // namespace candor::cpu

#define CANDOR_DECLARE_EMBEDDING(isa)                                                                                  \
  namespace candor::cpu::isa {                                                                                         \
  void embedding_f32_f32(const Embedding& args, Stream& stream);                                                       \
  void embedding_f32_f16(const Embedding& args, Stream& stream);                                                       \
  void embedding_f32_bf16(const Embedding& args, Stream& stream);                                                      \
  void embedding_f16_f32(const Embedding& args, Stream& stream);                                                       \
  void embedding_f16_f16(const Embedding& args, Stream& stream);                                                       \
  void embedding_f16_bf16(const Embedding& args, Stream& stream);                                                      \
  void embedding_bf16_f32(const Embedding& args, Stream& stream);                                                      \
  void embedding_bf16_f16(const Embedding& args, Stream& stream);                                                      \
  void embedding_bf16_bf16(const Embedding& args, Stream& stream);                                                     \
  void embedding_q4_0_f32(const Embedding& args, Stream& stream);                                                      \
  void embedding_q4_0_f16(const Embedding& args, Stream& stream);                                                      \
  void embedding_q4_0_bf16(const Embedding& args, Stream& stream);                                                     \
  void embedding_q4_1_f32(const Embedding& args, Stream& stream);                                                      \
  void embedding_q4_1_f16(const Embedding& args, Stream& stream);                                                      \
  void embedding_q4_1_bf16(const Embedding& args, Stream& stream);                                                     \
  void embedding_q5_0_f32(const Embedding& args, Stream& stream);                                                      \
  void embedding_q5_0_f16(const Embedding& args, Stream& stream);                                                      \
  void embedding_q5_0_bf16(const Embedding& args, Stream& stream);                                                     \
  void embedding_q5_1_f32(const Embedding& args, Stream& stream);                                                      \
  void embedding_q5_1_f16(const Embedding& args, Stream& stream);                                                      \
  void embedding_q5_1_bf16(const Embedding& args, Stream& stream);                                                     \
  void embedding_q8_0_f32(const Embedding& args, Stream& stream);                                                      \
  void embedding_q8_0_f16(const Embedding& args, Stream& stream);                                                      \
  void embedding_q8_0_bf16(const Embedding& args, Stream& stream);                                                     \
  void embedding_q4_k_f32(const Embedding& args, Stream& stream);                                                      \
  void embedding_q4_k_f16(const Embedding& args, Stream& stream);                                                      \
  void embedding_q4_k_bf16(const Embedding& args, Stream& stream);                                                     \
  void embedding_q5_k_f32(const Embedding& args, Stream& stream);                                                      \
  void embedding_q5_k_f16(const Embedding& args, Stream& stream);                                                      \
  void embedding_q5_k_bf16(const Embedding& args, Stream& stream);                                                     \
  void embedding_q6_k_f32(const Embedding& args, Stream& stream);                                                      \
  void embedding_q6_k_f16(const Embedding& args, Stream& stream);                                                      \
  void embedding_q6_k_bf16(const Embedding& args, Stream& stream);                                                     \
  }
CANDOR_DECLARE_EMBEDDING(baseline)
CANDOR_DECLARE_EMBEDDING(avx2)
CANDOR_DECLARE_EMBEDDING(avx512)
#undef CANDOR_DECLARE_EMBEDDING
