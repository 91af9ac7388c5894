// y = f(x) in f32, one rounding to storage.
#pragma once

#include "backend/cpu/elementwise/walk-inl.h"
#include "backend/cpu/simd/math-inl.h"
#include "kernels/elementwise.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

template <UnaryKind kKind>
CANDOR_INLINE F32x16 unary_value(F32x16 x) {
  if constexpr (kKind == UnaryKind::neg) return quiet_nan(neg(x));
  if constexpr (kKind == UnaryKind::abs) return quiet_nan(abs(x));
  if constexpr (kKind == UnaryKind::sqrt) return sqrt(x);
  if constexpr (kKind == UnaryKind::rsqrt) return div(set1(1.0f), sqrt(x));
  if constexpr (kKind == UnaryKind::exp) return exp(x);
  if constexpr (kKind == UnaryKind::tanh) return tanh(x);
  if constexpr (kKind == UnaryKind::sigmoid) return sigmoid(x);
  if constexpr (kKind == UnaryKind::relu) return relu(x);
  if constexpr (kKind == UnaryKind::silu) return silu(x);
  if constexpr (kKind == UnaryKind::gelu_tanh) return gelu_tanh(x);
  if constexpr (kKind == UnaryKind::gelu_erf) return gelu_erf(x);
}

template <UnaryKind kKind, class T>
void unary_map_kind(const Unary& args, Stream& stream) {
  const auto walk = make_walk<2>({&args.x, &args.y});
  const std::int64_t sx = walk.inner_stride(0), sy = walk.inner_stride(1);
  for_each_segment(stream, walk, args.y.elements(), [&](const std::int64_t* offset, std::int64_t n) {
    const T* x = args.x.as<T>() + offset[0];
    T* y = args.y.template as<T>() + offset[1];
    std::int64_t i = 0;
    if (sx == 1 && sy == 1) {
      for (; i + kLanes <= n; i += kLanes) store(y + i, unary_value<kKind>(load(x + i)));
    }
    for (; i < n; i += kLanes) {
      store_strided(y + i * sy, sy, unary_value<kKind>(load_strided(x + i * sx, sx, n - i)), n - i);
    }
  });
}

template <class T>
CANDOR_INLINE void unary_map(const Unary& args, Stream& stream) {
  switch (args.kind) {
    case UnaryKind::neg:
      return unary_map_kind<UnaryKind::neg, T>(args, stream);
    case UnaryKind::abs:
      return unary_map_kind<UnaryKind::abs, T>(args, stream);
    case UnaryKind::sqrt:
      return unary_map_kind<UnaryKind::sqrt, T>(args, stream);
    case UnaryKind::rsqrt:
      return unary_map_kind<UnaryKind::rsqrt, T>(args, stream);
    case UnaryKind::exp:
      return unary_map_kind<UnaryKind::exp, T>(args, stream);
    case UnaryKind::tanh:
      return unary_map_kind<UnaryKind::tanh, T>(args, stream);
    case UnaryKind::sigmoid:
      return unary_map_kind<UnaryKind::sigmoid, T>(args, stream);
    case UnaryKind::relu:
      return unary_map_kind<UnaryKind::relu, T>(args, stream);
    case UnaryKind::silu:
      return unary_map_kind<UnaryKind::silu, T>(args, stream);
    case UnaryKind::gelu_tanh:
      return unary_map_kind<UnaryKind::gelu_tanh, T>(args, stream);
    case UnaryKind::gelu_erf:
      return unary_map_kind<UnaryKind::gelu_erf, T>(args, stream);
  }
}

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
