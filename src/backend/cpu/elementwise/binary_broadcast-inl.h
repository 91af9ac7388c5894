// y = f(x, z) in f32, one rounding to storage; stride 0 repeats an operand.
#pragma once

#include "backend/cpu/elementwise/walk-inl.h"
#include "backend/cpu/simd/math-inl.h"
#include "kernels/elementwise.h"

namespace candor::cpu::CANDOR_ISA {
namespace {

/// A NaN operand is the result, x before z: the hardware's choice would follow the compiler's operand order.
template <BinaryKind kKind> CANDOR_INLINE F32x16 binary_value(F32x16 x, F32x16 z) {
  F32x16 y = x;
  if constexpr (kKind == BinaryKind::add) y = add(x, z);
  if constexpr (kKind == BinaryKind::sub) y = sub(x, z);
  if constexpr (kKind == BinaryKind::mul) y = mul(x, z);
  if constexpr (kKind == BinaryKind::div) y = div(x, z);
  if constexpr (kKind == BinaryKind::max) y = select(less(x, z), z, x);
  if constexpr (kKind == BinaryKind::min) y = select(less(z, x), z, x);
  return keep_nan(x, keep_nan(z, y));
}

template <BinaryKind kKind, class A, class B, class Out>
void binary_broadcast_kind(const Binary& args, Stream& stream) {
  const auto walk = make_walk<3>({&args.x, &args.z, &args.y});
  const std::int64_t sx = walk.inner_stride(0), sz = walk.inner_stride(1), sy = walk.inner_stride(2);
  for_each_segment(stream, walk, args.y.elements(), [&](const std::int64_t* offset, std::int64_t n) {
    const A* x = args.x.as<A>() + offset[0];
    const B* z = args.z.as<B>() + offset[1];
    Out* y = args.y.template as<Out>() + offset[2];
    std::int64_t i = 0;
    if (sx == 1 && sz == 1 && sy == 1) {
      for (; i + kLanes <= n; i += kLanes) store(y + i, binary_value<kKind>(load(x + i), load(z + i)));
    }
    for (; i < n; i += kLanes) {
      const F32x16 value =
          binary_value<kKind>(load_strided(x + i * sx, sx, n - i), load_strided(z + i * sz, sz, n - i));
      store_strided(y + i * sy, sy, value, n - i);
    }
  });
}

template <class A, class B, class Out> CANDOR_INLINE void binary_broadcast(const Binary& args, Stream& stream) {
  switch (args.kind) {
    case BinaryKind::add: return binary_broadcast_kind<BinaryKind::add, A, B, Out>(args, stream);
    case BinaryKind::sub: return binary_broadcast_kind<BinaryKind::sub, A, B, Out>(args, stream);
    case BinaryKind::mul: return binary_broadcast_kind<BinaryKind::mul, A, B, Out>(args, stream);
    case BinaryKind::div: return binary_broadcast_kind<BinaryKind::div, A, B, Out>(args, stream);
    case BinaryKind::max: return binary_broadcast_kind<BinaryKind::max, A, B, Out>(args, stream);
    case BinaryKind::min: return binary_broadcast_kind<BinaryKind::min, A, B, Out>(args, stream);
  }
}

}  // namespace
}  // namespace candor::cpu::CANDOR_ISA
