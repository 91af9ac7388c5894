// Entry points of the norm family: rms_norm, layer_norm, softmax.
// <op>_<a>[_<b>] writes the dtype of a; _to_f32 writes f32; a cast or an embedding names its output last.
#pragma once

#include <string_view>

#include "kernels/layer_norm.h"
#include "kernels/rms_norm.h"
#include "kernels/softmax.h"
#include "kernels/stream.h"

namespace candor::cpu {

std::string_view rms_norm_rows_refuses(const RmsNorm& args);
std::string_view layer_norm_rows_refuses(const LayerNorm& args);
std::string_view softmax_rows_refuses(const Softmax& args);

}  // namespace candor::cpu

#define CANDOR_DECLARE_NORM(isa)                                                                                       \
  namespace candor::cpu::isa {                                                                                         \
  void rms_norm_f32_f32(const RmsNorm& args, Stream& stream);                                                          \
  void rms_norm_bf16_bf16(const RmsNorm& args, Stream& stream);                                                        \
  void rms_norm_bf16_bf16_to_f32(const RmsNorm& args, Stream& stream);                                                 \
  void rms_norm_bf16_f32(const RmsNorm& args, Stream& stream);                                                         \
  void rms_norm_bf16_f32_to_f32(const RmsNorm& args, Stream& stream);                                                  \
  void rms_norm_f16_f16(const RmsNorm& args, Stream& stream);                                                          \
  void rms_norm_f16_f16_to_f32(const RmsNorm& args, Stream& stream);                                                   \
  void rms_norm_f16_f32(const RmsNorm& args, Stream& stream);                                                          \
  void rms_norm_f16_f32_to_f32(const RmsNorm& args, Stream& stream);                                                   \
  void rms_norm_f32_bf16(const RmsNorm& args, Stream& stream);                                                         \
  void rms_norm_f32_f16(const RmsNorm& args, Stream& stream);                                                          \
  void rms_norm_bf16_f16(const RmsNorm& args, Stream& stream);                                                         \
  void rms_norm_bf16_f16_to_f32(const RmsNorm& args, Stream& stream);                                                  \
  void layer_norm_f32_f32(const LayerNorm& args, Stream& stream);                                                      \
  void layer_norm_bf16_bf16(const LayerNorm& args, Stream& stream);                                                    \
  void layer_norm_bf16_bf16_to_f32(const LayerNorm& args, Stream& stream);                                             \
  void layer_norm_bf16_f32(const LayerNorm& args, Stream& stream);                                                     \
  void layer_norm_bf16_f32_to_f32(const LayerNorm& args, Stream& stream);                                              \
  void layer_norm_f16_f16(const LayerNorm& args, Stream& stream);                                                      \
  void layer_norm_f16_f16_to_f32(const LayerNorm& args, Stream& stream);                                               \
  void layer_norm_f16_f32(const LayerNorm& args, Stream& stream);                                                      \
  void layer_norm_f16_f32_to_f32(const LayerNorm& args, Stream& stream);                                               \
  void layer_norm_f32_bf16(const LayerNorm& args, Stream& stream);                                                     \
  void layer_norm_f32_f16(const LayerNorm& args, Stream& stream);                                                      \
  void layer_norm_bf16_f16(const LayerNorm& args, Stream& stream);                                                     \
  void layer_norm_bf16_f16_to_f32(const LayerNorm& args, Stream& stream);                                              \
  void softmax_f32(const Softmax& args, Stream& stream);                                                               \
  void softmax_f16(const Softmax& args, Stream& stream);                                                               \
  void softmax_f16_to_f32(const Softmax& args, Stream& stream);                                                        \
  void softmax_bf16(const Softmax& args, Stream& stream);                                                              \
  void softmax_bf16_to_f32(const Softmax& args, Stream& stream);                                                       \
  }
CANDOR_DECLARE_NORM(baseline)
CANDOR_DECLARE_NORM(avx2)
CANDOR_DECLARE_NORM(avx512)
#undef CANDOR_DECLARE_NORM
