// From sums to results: bias, activation, the one rounding, the store.
#pragma once

#include "backend/cpu/matmul/linear.h"
#include "backend/cpu/matmul/register_tiles.h"
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

/// One register tile's outputs: rows [row, row + rows) of tiles [tile, tile + tiles).
struct FinishArgs {
  std::int64_t tile, row;
  int tiles, rows;
  const float* sums[2];  // [rows][tiles][16] of each operand
};

template <class T>
CANDOR_INLINE void store_lanes(T* p, F32x16 x, std::int64_t lanes) {
  if (lanes == kLanes) {
    store(p, x);
  } else {
    store_first(p, x, lanes);
  }
}

CANDOR_INLINE F32x16 finish_lanes(const LinearJob& job, F32x16 value, F32x16 up) {
  return canonical_nan(job.operands == 2 ? mul(apply_activation(job.activation, value), up) : value);
}

inline constexpr int kMostTiles = max_tiles(1);

/// bias[operand][c], widened. Absent: -0, which leaves every sum as it is.
struct BiasLanes {
  F32x16 v[2][kMostTiles];
};

CANDOR_INLINE void load_biases(const LinearJob& job, const LinearOutput& output, const FinishArgs& args,
                               BiasLanes& bias) {
  for (int w = 0; w < job.operands; ++w)
    for (int c = 0; c < args.tiles; ++c) {
      const std::int64_t first = (args.tile + c) * kLanes, left = output.y.shape[1] - first;
      bias.v[w][c] = output.bias[w].present() ? load_bias(output.bias[w], first, left < kLanes ? left : kLanes)
                                              : set1(-0.0f);
    }
}

template <class T>
void finish_as(const LinearJob& job, const LinearOutput& output, const FinishArgs& args) {
  BiasLanes bias;
  load_biases(job, output, args, bias);
  const std::int64_t first = args.tile * kLanes;
  T* y = output.y.as<T>() + args.row * output.y.stride[0] + first;
  for (int r = 0; r < args.rows; ++r, y += output.y.stride[0]) {
    for (int c = 0; c < args.tiles; ++c) {
      const std::int64_t at = (r * args.tiles + c) * kLanes, left = output.y.shape[1] - first - c * kLanes;
      const F32x16 value = add(load(args.sums[0] + at), bias.v[0][c]);
      const F32x16 up = job.operands == 2 ? add(load(args.sums[1] + at), bias.v[1][c]) : zero();
      store_lanes(y + c * kLanes, finish_lanes(job, value, up), left < kLanes ? left : kLanes);
    }
  }
}

inline void finish(const LinearJob& job, const LinearOutput& output, const FinishArgs& args) {
  switch (output.y.dtype) {
    case DType::f32: return finish_as<float>(job, output, args);
    case DType::bf16: return finish_as<Bf16>(job, output, args);
    default: return finish_as<F16>(job, output, args);
  }
}

/// Asks for the lines of y that finish() will write, while the multiply-adds still run.
inline void fetch_results(const LinearOutput& output, const FinishArgs& args) {
  const std::int64_t size = output.y.dtype == DType::f32 ? 4 : 2, left = output.y.shape[1] - args.tile * kLanes;
  const std::int64_t lanes = left < args.tiles * kLanes ? left : args.tiles * kLanes;
  const std::byte* y = output.y.as<std::byte>() + (args.row * output.y.stride[0] + args.tile * kLanes) * size;
  for (int r = 0; r < args.rows; ++r)
    for (std::int64_t at = 0; at < lanes * size; at += 64)
      __builtin_prefetch(y + r * output.y.stride[0] * size + at, 1);
}

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
