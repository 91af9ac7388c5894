// y = activation(x · gateᵀ + gate_bias) ⊙ (x · upᵀ + up_bias): the fused first half of SwiGLU and GeGLU.
//   a = x's dtype, b = both weights' dtype, out = y's dtype. One rounding, to out, at the end.
#pragma once

#include <cstdint>
#include <string_view>

#include "candor/op_kinds.h"
#include "core/view.h"
#include "kernels/error_model.h"

namespace candor {

struct GatedLinear {
  static constexpr std::string_view name = "gated_linear";
  static constexpr ErrorModel error = ErrorModel::dot;
  ConstView x;                       // [M, K]
  ConstView gate_weight, up_weight;  // [N, K]  as in Matmul
  ConstView gate_bias, up_bias;      // [N] or absent
  View y;                            // [M, N]
  Activation activation = Activation::silu;

  template <class V>
  void visit_inputs(V&& f) const {
    f(x);
    f(gate_weight);
    f(up_weight);
    f(gate_bias);
    f(up_bias);
  }
  template <class V>
  void visit_outputs(V&& f) const {
    f(y);
  }
  std::int64_t flops() const { return 4 * x.shape[0] * x.shape[1] * gate_weight.shape[0]; }
};

}  // namespace candor
