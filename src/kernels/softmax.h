// Softmax over the last dimension: exp(x - max) / sum. Maximum, exponentials and sum in f32.
//   a = x's dtype (b repeats it), out = y's dtype.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/view.h"
#include "kernels/error_model.h"

namespace candor {

struct Softmax {
  static constexpr std::string_view name = "softmax";
  static constexpr ErrorModel error = ErrorModel::reduction;
  ConstView x;  // [rows, C]
  View y;       // [rows, C]

  template <class V>
  void visit_inputs(V&& f) const {
    f(x);
  }
  template <class V>
  void visit_outputs(V&& f) const {
    f(y);
  }
  std::int64_t flops() const { return 5 * x.elements(); }
};

}  // namespace candor
