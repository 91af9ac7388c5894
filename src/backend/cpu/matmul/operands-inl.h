// Panels of x, and the arguments of the three ops as one LinearJob.
#pragma once

#include "backend/cpu/matmul/linear.h"
#include "backend/cpu/simd/simd.h"
#include "kernels/gated_linear.h"
#include "kernels/matmul.h"
#include "kernels/qkv_projection.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

/// `count` elements of a row of x as f32, and a zero after an odd count.
template <class T>
void load_x(const void* x, std::int64_t count, void* words) {
  const auto* row = static_cast<const T*>(x);
  auto* out = static_cast<float*>(words);
  std::int64_t k = 0;
  for (; k + kLanes <= count; k += kLanes) store(out + k, load(row + k));
  if (k < count) store_first(out + k, load_first(row + k, count - k), count - k);
  if (count % 2 != 0) out[count] = 0.0f;
}

CANDOR_INLINE LinearOutput linear_output(const ConstView& weight, const ConstView& bias, const View& y) {
  return {.weight = {weight, {}}, .bias = {bias, {}}, .y = y};
}

/// `Run` is the driver of this ISA.
template <void (*Run)(const LinearJob&, Stream&)>
CANDOR_INLINE void linear_matmul(const LinearKernels& kernels, const Matmul& op, Stream& stream) {
  const LinearOutput output = linear_output(op.weight, op.bias, op.y);
  Run({op.x, &output, 1, 1, Activation::identity, &kernels}, stream);
}

template <void (*Run)(const LinearJob&, Stream&)>
CANDOR_INLINE void linear_qkv(const LinearKernels& kernels, const QkvProjection& op, Stream& stream) {
  const LinearOutput outputs[] = {linear_output(op.q_weight, op.q_bias, op.q),
                                  linear_output(op.k_weight, op.k_bias, op.k),
                                  linear_output(op.v_weight, op.v_bias, op.v)};
  Run({op.x, outputs, 3, 1, Activation::identity, &kernels}, stream);
}

template <void (*Run)(const LinearJob&, Stream&)>
CANDOR_INLINE void linear_gated(const LinearKernels& kernels, const GatedLinear& op, Stream& stream) {
  const LinearOutput output = {.weight = {op.gate_weight, op.up_weight}, .bias = {op.gate_bias, op.up_bias}, .y = op.y};
  Run({op.x, &output, 1, 2, op.activation, &kernels}, stream);
}

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
