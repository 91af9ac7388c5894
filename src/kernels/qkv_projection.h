// Queries, keys and values from one input in one pass: three matmuls that share x.
//   a = x's dtype, b = the weights' dtype (all three the same), out = the results' dtype.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/view.h"
#include "kernels/error_model.h"

namespace candor {

struct QkvProjection {
  static constexpr std::string_view name = "qkv_projection";
  static constexpr ErrorModel error = ErrorModel::dot;
  ConstView x;                             // [M, K]
  ConstView q_weight, k_weight, v_weight;  // [Nq, K], [Nkv, K], [Nkv, K]  as in Matmul
  ConstView q_bias, k_bias, v_bias;        // [Nq], [Nkv], [Nkv] or absent
  View q, k, v;                            // [M, Nq], [M, Nkv], [M, Nkv]

  template <class V>
  void visit_inputs(V&& f) const {
    f(x);
    f(q_weight);
    f(k_weight);
    f(v_weight);
    f(q_bias);
    f(k_bias);
    f(v_bias);
  }
  template <class V>
  void visit_outputs(V&& f) const {
    f(q);
    f(k);
    f(v);
  }
  std::int64_t flops() const {
    return 2 * x.shape[0] * x.shape[1] * (q_weight.shape[0] + k_weight.shape[0] + v_weight.shape[0]);
  }
};

}  // namespace candor
