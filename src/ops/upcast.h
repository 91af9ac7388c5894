// ExecPolicy::allow_upcast: when only a wider precision has a kernel, operands are cast to f32 and the op runs there.
#pragma once

#include "candor/ops.h"

namespace candor::ops {

/// x in f32; packed weights and undefined operands stay as they are.
inline Tensor upcast(const Tensor& x) {
  if (!x.defined() || x.dtype() == DType::f32 || x.layout() != Layout::strided) return x;
  return cast(x, DType::f32);
}

/// Options of the second try: f32 result, no further retry.
inline OpOptions without_upcast(OpOptions options) {
  options.policy.allow_upcast = false;
  options.out = DType::any;
  return options;
}

}  // namespace candor::ops
