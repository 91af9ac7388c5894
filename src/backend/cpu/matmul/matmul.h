// Entry points of the matmul family: matmul, qkv_projection and gated_linear for every storage pair, and pack_tiles.
// out is the activations' dtype or f32, read from y.
#pragma once

#include <string_view>

#include "kernels/gated_linear.h"
#include "kernels/matmul.h"
#include "kernels/pack_tiles.h"
#include "kernels/qkv_projection.h"
#include "kernels/stream.h"

// Activations a × weights b that have kernels, one translation unit each.
#define CANDOR_MATMUL_PAIRS(X)                                                                        \
  X(bf16, bf16) X(bf16, f32) X(bf16, f16) X(bf16, q8_0) X(bf16, q4_0) X(bf16, q4_1) X(bf16, q5_0)     \
  X(bf16, q5_1) X(bf16, q4_k) X(bf16, q5_k) X(bf16, q6_k)                                             \
  X(f32, f32) X(f32, bf16) X(f32, f16) X(f32, q8_0) X(f32, q4_0) X(f32, q4_1) X(f32, q5_0)            \
  X(f32, q5_1) X(f32, q4_k) X(f32, q5_k) X(f32, q6_k)                                                 \
  X(f16, f16) X(f16, q8_0) X(f16, q4_0) X(f16, q4_1) X(f16, q5_0) X(f16, q5_1) X(f16, q4_k)           \
  X(f16, q5_k) X(f16, q6_k)

#define CANDOR_DECLARE_PAIR(a, b)                                            \
  void matmul_##a##_##b(const Matmul& op, Stream& stream);                   \
  void qkv_projection_##a##_##b(const QkvProjection& op, Stream& stream);    \
  void gated_linear_##a##_##b(const GatedLinear& op, Stream& stream);

#define CANDOR_DECLARE_MATMUL(isa)                       \
  namespace candor::cpu::isa {                           \
  CANDOR_MATMUL_PAIRS(CANDOR_DECLARE_PAIR)               \
  void pack_tiles_f32(const PackTiles& op, Stream& stream);  \
  void pack_tiles_f16(const PackTiles& op, Stream& stream);  \
  void pack_tiles_bf16(const PackTiles& op, Stream& stream); \
  }

CANDOR_DECLARE_MATMUL(baseline)
CANDOR_DECLARE_MATMUL(avx2)
CANDOR_DECLARE_MATMUL(avx512)
namespace candor::cpu::avx512bf16 {
CANDOR_DECLARE_PAIR(bf16, bf16)
}

#undef CANDOR_DECLARE_MATMUL
#undef CANDOR_DECLARE_PAIR

namespace candor::cpu {

// Why a kernel cannot take these operands, or "".
std::string_view matmul_packed_refuses(const Matmul& op);
std::string_view matmul_dequantize_refuses(const Matmul& op);
std::string_view qkv_projection_packed_refuses(const QkvProjection& op);
std::string_view qkv_projection_dequantize_refuses(const QkvProjection& op);
std::string_view gated_linear_packed_refuses(const GatedLinear& op);
std::string_view gated_linear_dequantize_refuses(const GatedLinear& op);
std::string_view pack_tiles_refuses(const PackTiles& op);

// The same, and "" only where VDPBF16PS is worth taking: some processors multiply f32 twice as fast with FMA.
std::string_view matmul_dpbf16_refuses(const Matmul& op);
std::string_view qkv_projection_dpbf16_refuses(const QkvProjection& op);
std::string_view gated_linear_dpbf16_refuses(const GatedLinear& op);

}  // namespace candor::cpu
