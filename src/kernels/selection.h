// Largest values of each row and where they stand. NaN ranks above every number, as in PyTorch; among equals (all NaNs
// are equal) the lowest index comes first.
//   a = x's dtype (b and out repeat it).
#pragma once

#include <cstdint>
#include <string_view>

#include "core/view.h"
#include "kernels/error_model.h"

namespace candor {

struct Argmax {
  static constexpr std::string_view name = "argmax";
  static constexpr ErrorModel error = ErrorModel::selection;
  ConstView x;   // [rows, C]
  View indices;  // [rows]  i32

  template <class V>
  void visit_inputs(V&& f) const {
    f(x);
  }
  template <class V>
  void visit_outputs(V&& f) const {
    f(indices);
  }
  std::int64_t flops() const { return 0; }
};

struct TopK {
  static constexpr std::string_view name = "top_k";
  static constexpr ErrorModel error = ErrorModel::selection;
  ConstView x;   // [rows, C]
  View values;   // [rows, k]  x's dtype, falling
  View indices;  // [rows, k]  i32

  template <class V>
  void visit_inputs(V&& f) const {
    f(x);
  }
  template <class V>
  void visit_outputs(V&& f) const {
    f(values);
    f(indices);
  }
  std::int64_t flops() const { return 0; }
};

}  // namespace candor
