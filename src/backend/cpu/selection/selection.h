// Entry points of the selection family: argmax, top_k.
// <op>_<a>[_<b>] writes the dtype of a; _to_f32 writes f32; a cast or an embedding names its output last.
#pragma once

#include <string_view>

#include "kernels/selection.h"
#include "kernels/stream.h"

namespace candor::cpu {

std::string_view argmax_scan_refuses(const Argmax& args);
std::string_view top_k_heap_refuses(const TopK& args);

}  // namespace candor::cpu

#define CANDOR_DECLARE_SELECTION(isa)                                                                                  \
  namespace candor::cpu::isa {                                                                                         \
  void argmax_f32(const Argmax& args, Stream& stream);                                                                 \
  void top_k_f32(const TopK& args, Stream& stream);                                                                    \
  void argmax_f16(const Argmax& args, Stream& stream);                                                                 \
  void top_k_f16(const TopK& args, Stream& stream);                                                                    \
  void argmax_bf16(const Argmax& args, Stream& stream);                                                                \
  void top_k_bf16(const TopK& args, Stream& stream);                                                                   \
  }
CANDOR_DECLARE_SELECTION(baseline)
CANDOR_DECLARE_SELECTION(avx2)
CANDOR_DECLARE_SELECTION(avx512)
#undef CANDOR_DECLARE_SELECTION
