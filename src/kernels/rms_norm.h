// Root-mean-square normalisation over the last dimension, with the residual addition in front of it.
//   sum = round_a(x + residual);  y = sum / sqrt(mean(sum²) + eps) · weight     (sum = x without a residual)
//   a = dtype of x, residual and sum; b = weight's dtype; out = y's dtype. Statistics in f32.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/view.h"
#include "kernels/error_model.h"

namespace candor {

struct RmsNorm {
  static constexpr std::string_view name = "rms_norm";
  static constexpr ErrorModel error = ErrorModel::reduction;
  ConstView x;         // [rows, C]  storage a
  ConstView residual;  // [rows, C]  storage a; absent: none
  ConstView weight;    // [C]        storage b
  View sum;            // [rows, C]  storage a; present exactly when residual is
  View y;              // [rows, C]  storage out
  float eps = 1e-5f;

  template <class V>
  void visit_inputs(V&& f) const {
    f(x);
    f(residual);
    f(weight);
  }
  template <class V>
  void visit_outputs(V&& f) const {
    f(sum);
    f(y);
  }
  std::int64_t flops() const { return 4 * x.elements(); }
};

}  // namespace candor
