// Entry points of the attention family.
// attention_<method>_<q>_<kv> writes the dtype of q; _to_f32 writes f32.
#pragma once

#include <string_view>

#include "kernels/attention.h"
#include "kernels/stream.h"

namespace candor::cpu {

/// Most query tokens of a decode call.
inline constexpr std::int64_t kDecodeTokens = 4;

std::string_view attention_decode_refuses(const Attention& args);
std::string_view attention_flash_refuses(const Attention& args);

}  // namespace candor::cpu

#define CANDOR_DECLARE_ATTENTION(isa)                                                                                  \
  namespace candor::cpu::isa {                                                                                         \
  void attention_decode_f32_f32(const Attention& args, Stream& stream);                                                \
  void attention_flash_f32_f32(const Attention& args, Stream& stream);                                                 \
  void attention_decode_f32_f16(const Attention& args, Stream& stream);                                                \
  void attention_flash_f32_f16(const Attention& args, Stream& stream);                                                 \
  void attention_decode_f32_bf16(const Attention& args, Stream& stream);                                               \
  void attention_flash_f32_bf16(const Attention& args, Stream& stream);                                                \
  void attention_decode_f16_f32(const Attention& args, Stream& stream);                                                \
  void attention_decode_f16_f32_to_f32(const Attention& args, Stream& stream);                                         \
  void attention_flash_f16_f32(const Attention& args, Stream& stream);                                                 \
  void attention_flash_f16_f32_to_f32(const Attention& args, Stream& stream);                                          \
  void attention_decode_f16_f16(const Attention& args, Stream& stream);                                                \
  void attention_decode_f16_f16_to_f32(const Attention& args, Stream& stream);                                         \
  void attention_flash_f16_f16(const Attention& args, Stream& stream);                                                 \
  void attention_flash_f16_f16_to_f32(const Attention& args, Stream& stream);                                          \
  void attention_decode_f16_bf16(const Attention& args, Stream& stream);                                               \
  void attention_decode_f16_bf16_to_f32(const Attention& args, Stream& stream);                                        \
  void attention_flash_f16_bf16(const Attention& args, Stream& stream);                                                \
  void attention_flash_f16_bf16_to_f32(const Attention& args, Stream& stream);                                         \
  void attention_decode_bf16_f32(const Attention& args, Stream& stream);                                               \
  void attention_decode_bf16_f32_to_f32(const Attention& args, Stream& stream);                                        \
  void attention_flash_bf16_f32(const Attention& args, Stream& stream);                                                \
  void attention_flash_bf16_f32_to_f32(const Attention& args, Stream& stream);                                         \
  void attention_decode_bf16_f16(const Attention& args, Stream& stream);                                               \
  void attention_decode_bf16_f16_to_f32(const Attention& args, Stream& stream);                                        \
  void attention_flash_bf16_f16(const Attention& args, Stream& stream);                                                \
  void attention_flash_bf16_f16_to_f32(const Attention& args, Stream& stream);                                         \
  }
CANDOR_DECLARE_ATTENTION(baseline)
CANDOR_DECLARE_ATTENTION(avx2)
CANDOR_DECLARE_ATTENTION(avx512)
#undef CANDOR_DECLARE_ATTENTION

#define CANDOR_DECLARE_ATTENTION_PAIRS(isa)                                                                            \
  namespace candor::cpu::isa {                                                                                         \
  void attention_decode_bf16_bf16(const Attention& args, Stream& stream);                                              \
  void attention_decode_bf16_bf16_to_f32(const Attention& args, Stream& stream);                                       \
  void attention_flash_bf16_bf16(const Attention& args, Stream& stream);                                               \
  void attention_flash_bf16_bf16_to_f32(const Attention& args, Stream& stream);                                        \
  }
CANDOR_DECLARE_ATTENTION_PAIRS(baseline)
CANDOR_DECLARE_ATTENTION_PAIRS(avx2)
CANDOR_DECLARE_ATTENTION_PAIRS(avx512)
CANDOR_DECLARE_ATTENTION_PAIRS(avx512bf16)
#undef CANDOR_DECLARE_ATTENTION_PAIRS
