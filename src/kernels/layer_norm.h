// Layer normalisation over the last dimension, with the residual addition in front of it.
//   sum = round_a(x + residual);  y = (sum - mean) / sqrt(var + eps) · weight + bias   (two-pass variance, f32)
//   a = dtype of x, residual and sum; b = dtype of weight and bias; out = y's dtype.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/view.h"
#include "kernels/error_model.h"

namespace candor {

struct LayerNorm {
  static constexpr std::string_view name = "layer_norm";
  static constexpr ErrorModel error = ErrorModel::reduction;
  ConstView x;         // [rows, C]  storage a
  ConstView residual;  // [rows, C]  storage a; absent: none
  ConstView weight;    // [C]        storage b
  ConstView bias;      // [C]        storage b; absent: none
  View sum;            // [rows, C]  storage a; present exactly when residual is
  View y;              // [rows, C]  storage out
  float eps = 1e-5f;

  template <class V>
  void visit_inputs(V&& f) const {
    f(x);
    f(residual);
    f(weight);
    f(bias);
  }
  template <class V>
  void visit_outputs(V&& f) const {
    f(sum);
    f(y);
  }
  std::int64_t flops() const { return 8 * x.elements(); }
};

}  // namespace candor
