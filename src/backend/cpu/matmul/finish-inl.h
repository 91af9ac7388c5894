// From sums to results: bias, activation, the one rounding, the store.
#pragma once

#include "backend/cpu/matmul/linear.h"
#include "backend/cpu/simd/math-inl.h"
#include "backend/cpu/simd/simd.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

/// Sixteen elements of a bias from `first` on, widened; zero past its end.
CANDOR_INLINE F32x16 load_bias(const ConstView& bias, std::int64_t first, std::int64_t lanes) {
  switch (bias.dtype) {
    case DType::f32: return load_first(bias.as<float>() + first, lanes);
    case DType::bf16: return load_first(bias.as<Bf16>() + first, lanes);
    default: return load_first(bias.as<F16>() + first, lanes);
  }
}

/// Sums of one tile: row r at sums[operand] + r · stride.
struct TileSums {
  const float* operand[2];
  std::int64_t stride;
};

template <class T>
CANDOR_INLINE void store_lanes(T* p, F32x16 x, std::int64_t lanes) {
  if (lanes == kLanes) {
    store(p, x);
  } else {
    store_first(p, x, lanes);
  }
}

/// Rows [row, row + rows) of one tile of y.
template <class T>
void finish_tile_as(const LinearJob& job, const LinearOutput& output, std::int64_t tile, std::int64_t row,
                    std::int64_t rows, const TileSums& sums) {
  const std::int64_t first = tile * kLanes, left = output.y.shape[1] - first;
  const std::int64_t lanes = left < kLanes ? left : kLanes;
  const bool biased[2] = {output.bias[0].present(), output.bias[1].present()};
  F32x16 bias[2] = {zero(), zero()};
  for (int w = 0; w < job.operands; ++w)
    if (biased[w]) bias[w] = load_bias(output.bias[w], first, lanes);
  T* y = output.y.template as<T>() + row * output.y.stride[0] + first;
  for (std::int64_t r = 0; r < rows; ++r, y += output.y.stride[0]) {
    F32x16 value = load(sums.operand[0] + r * sums.stride);
    if (biased[0]) value = add(value, bias[0]);
    if (job.operands == 2) {
      F32x16 up = load(sums.operand[1] + r * sums.stride);
      if (biased[1]) up = add(up, bias[1]);
      value = mul(apply_activation(job.activation, value), up);
    }
    store_lanes(y, canonical_nan(value), lanes);
  }
}

CANDOR_INLINE void finish_tile(const LinearJob& job, const LinearOutput& output, std::int64_t tile, std::int64_t row,
                               std::int64_t rows, const TileSums& sums) {
  switch (output.y.dtype) {
    case DType::f32: return finish_tile_as<float>(job, output, tile, row, rows, sums);
    case DType::bf16: return finish_tile_as<Bf16>(job, output, tile, row, rows, sums);
    default: return finish_tile_as<F16>(job, output, tile, row, rows, sums);
  }
}

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
