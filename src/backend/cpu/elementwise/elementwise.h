// Entry points of the elementwise family: casts, copies, fills, unary and binary functions, rope.
// <op>_<a>[_<b>] writes the dtype of a; _to_f32 writes f32; a cast or an embedding names its output last.
#pragma once

#include <string_view>

#include "kernels/elementwise.h"
#include "kernels/rope.h"
#include "kernels/stream.h"

namespace candor::cpu {

// One build each: they move bits.
void copy_strided(const Copy& args, Stream& stream);
void fill_f64(const Fill& args, Stream& stream);
void fill_f32(const Fill& args, Stream& stream);
void fill_f16(const Fill& args, Stream& stream);
void fill_bf16(const Fill& args, Stream& stream);
void fill_i64(const Fill& args, Stream& stream);
void fill_i32(const Fill& args, Stream& stream);
void fill_i8(const Fill& args, Stream& stream);
void fill_u8(const Fill& args, Stream& stream);

std::string_view cast_round_refuses(const Cast& args);
std::string_view cast_dequantize_refuses(const Cast& args);
std::string_view copy_strided_refuses(const Copy& args);
std::string_view rope_rotate_refuses(const Rope& args);

}  // namespace candor::cpu

#define CANDOR_DECLARE_ELEMENTWISE(isa)                                                                                \
  namespace candor::cpu::isa {                                                                                         \
  void cast_f64_f32(const Cast& args, Stream& stream);                                                                 \
  void cast_f64_f16(const Cast& args, Stream& stream);                                                                 \
  void cast_f64_bf16(const Cast& args, Stream& stream);                                                                \
  void cast_f64_f8_e4m3(const Cast& args, Stream& stream);                                                             \
  void cast_f64_f8_e5m2(const Cast& args, Stream& stream);                                                             \
  void cast_f32_f64(const Cast& args, Stream& stream);                                                                 \
  void cast_f32_f16(const Cast& args, Stream& stream);                                                                 \
  void cast_f32_bf16(const Cast& args, Stream& stream);                                                                \
  void cast_f32_f8_e4m3(const Cast& args, Stream& stream);                                                             \
  void cast_f32_f8_e5m2(const Cast& args, Stream& stream);                                                             \
  void cast_f16_f64(const Cast& args, Stream& stream);                                                                 \
  void cast_f16_f32(const Cast& args, Stream& stream);                                                                 \
  void cast_f16_bf16(const Cast& args, Stream& stream);                                                                \
  void cast_f16_f8_e4m3(const Cast& args, Stream& stream);                                                             \
  void cast_f16_f8_e5m2(const Cast& args, Stream& stream);                                                             \
  void cast_bf16_f64(const Cast& args, Stream& stream);                                                                \
  void cast_bf16_f32(const Cast& args, Stream& stream);                                                                \
  void cast_bf16_f16(const Cast& args, Stream& stream);                                                                \
  void cast_bf16_f8_e4m3(const Cast& args, Stream& stream);                                                            \
  void cast_bf16_f8_e5m2(const Cast& args, Stream& stream);                                                            \
  void cast_f8_e4m3_f64(const Cast& args, Stream& stream);                                                             \
  void cast_f8_e4m3_f32(const Cast& args, Stream& stream);                                                             \
  void cast_f8_e4m3_f16(const Cast& args, Stream& stream);                                                             \
  void cast_f8_e4m3_bf16(const Cast& args, Stream& stream);                                                            \
  void cast_f8_e4m3_f8_e5m2(const Cast& args, Stream& stream);                                                         \
  void cast_f8_e5m2_f64(const Cast& args, Stream& stream);                                                             \
  void cast_f8_e5m2_f32(const Cast& args, Stream& stream);                                                             \
  void cast_f8_e5m2_f16(const Cast& args, Stream& stream);                                                             \
  void cast_f8_e5m2_bf16(const Cast& args, Stream& stream);                                                            \
  void cast_f8_e5m2_f8_e4m3(const Cast& args, Stream& stream);                                                         \
  void cast_q4_0_f32(const Cast& args, Stream& stream);                                                                \
  void cast_q4_0_f16(const Cast& args, Stream& stream);                                                                \
  void cast_q4_0_bf16(const Cast& args, Stream& stream);                                                               \
  void cast_q4_1_f32(const Cast& args, Stream& stream);                                                                \
  void cast_q4_1_f16(const Cast& args, Stream& stream);                                                                \
  void cast_q4_1_bf16(const Cast& args, Stream& stream);                                                               \
  void cast_q5_0_f32(const Cast& args, Stream& stream);                                                                \
  void cast_q5_0_f16(const Cast& args, Stream& stream);                                                                \
  void cast_q5_0_bf16(const Cast& args, Stream& stream);                                                               \
  void cast_q5_1_f32(const Cast& args, Stream& stream);                                                                \
  void cast_q5_1_f16(const Cast& args, Stream& stream);                                                                \
  void cast_q5_1_bf16(const Cast& args, Stream& stream);                                                               \
  void cast_q8_0_f32(const Cast& args, Stream& stream);                                                                \
  void cast_q8_0_f16(const Cast& args, Stream& stream);                                                                \
  void cast_q8_0_bf16(const Cast& args, Stream& stream);                                                               \
  void cast_q4_k_f32(const Cast& args, Stream& stream);                                                                \
  void cast_q4_k_f16(const Cast& args, Stream& stream);                                                                \
  void cast_q4_k_bf16(const Cast& args, Stream& stream);                                                               \
  void cast_q5_k_f32(const Cast& args, Stream& stream);                                                                \
  void cast_q5_k_f16(const Cast& args, Stream& stream);                                                                \
  void cast_q5_k_bf16(const Cast& args, Stream& stream);                                                               \
  void cast_q6_k_f32(const Cast& args, Stream& stream);                                                                \
  void cast_q6_k_f16(const Cast& args, Stream& stream);                                                                \
  void cast_q6_k_bf16(const Cast& args, Stream& stream);                                                               \
  void unary_f32(const Unary& args, Stream& stream);                                                                   \
  void unary_f16(const Unary& args, Stream& stream);                                                                   \
  void unary_bf16(const Unary& args, Stream& stream);                                                                  \
  void binary_f32_f32(const Binary& args, Stream& stream);                                                             \
  void binary_bf16_bf16(const Binary& args, Stream& stream);                                                           \
  void binary_f16_f16(const Binary& args, Stream& stream);                                                             \
  void binary_bf16_f32(const Binary& args, Stream& stream);                                                            \
  void binary_bf16_f32_to_f32(const Binary& args, Stream& stream);                                                     \
  void binary_f16_f32(const Binary& args, Stream& stream);                                                             \
  void binary_f16_f32_to_f32(const Binary& args, Stream& stream);                                                      \
  void rope_f32(const Rope& args, Stream& stream);                                                                     \
  void rope_f16(const Rope& args, Stream& stream);                                                                     \
  void rope_bf16(const Rope& args, Stream& stream);                                                                    \
  }
CANDOR_DECLARE_ELEMENTWISE(baseline)
CANDOR_DECLARE_ELEMENTWISE(avx2)
CANDOR_DECLARE_ELEMENTWISE(avx512)
#undef CANDOR_DECLARE_ELEMENTWISE
