// y = x · weightᵀ (+ bias).
//   a = x's dtype, b = weight's dtype, out = y's dtype.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/view.h"
#include "kernels/error_model.h"

namespace candor {

struct Matmul {
  static constexpr std::string_view name = "matmul";
  static constexpr ErrorModel error = ErrorModel::dot;
  ConstView x;       // [M, K]  storage a, rows contiguous along K
  ConstView weight;  // [N, K]  storage b, strided rows (contiguous along K) or packed_tiles
  ConstView bias;    // [N]     f32, f16 or bf16; absent: none. Added in f32 before the one rounding to out
  View y;            // [M, N]  storage out, contiguous along N

  template <class V>
  void visit_inputs(V&& v) const {
    v(x);
    v(weight);
    v(bias);
  }
  template <class V>
  void visit_outputs(V&& v) const {
    v(y);
  }
  std::int64_t flops() const { return 2 * x.shape[0] * x.shape[1] * weight.shape[0]; }
};

}  // namespace candor
