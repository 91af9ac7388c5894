// Rotary position embedding: rotates pairs of the first 2·R elements of each head by table angles.
//   a = x's dtype (b repeats it), out = y's dtype. Tables are f32; the rotation is formed in f32 and rounded once.
#pragma once

#include <cstdint>
#include <string_view>

#include "candor/op_kinds.h"
#include "core/view.h"
#include "kernels/error_model.h"

namespace candor {

struct Rope {
  static constexpr std::string_view name = "rope";
  static constexpr ErrorModel error = ErrorModel::elementwise;
  ConstView x;         // [T, H, D]  storage a, contiguous along D
  ConstView cos, sin;  // [T, R]     f32, R <= D/2; elements past 2R are copied
  View y;              // [T, H, D]  storage out; may be x itself
  RopeStyle style = RopeStyle::half_split;

  template <class V>
  void visit_inputs(V&& f) const {
    f(x);
    f(cos);
    f(sin);
  }
  template <class V>
  void visit_outputs(V&& f) const {
    f(y);
  }
  std::int64_t flops() const { return 3 * x.elements(); }
};

}  // namespace candor
