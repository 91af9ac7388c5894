// Element-by-element ops: unary, binary (with broadcasting), cast, copy, fill.
#pragma once

#include <cstdint>
#include <string_view>

#include "candor/op_kinds.h"
#include "core/view.h"
#include "kernels/error_model.h"

namespace candor {

/// y = f(x), formed in f32, rounded once. A NaN gives that NaN, quiet: neg flips its sign and abs clears it, as of a
/// number; every other function keeps it.  a = x's dtype (b repeats it), out = y's dtype.
struct Unary {
  static constexpr std::string_view name = "unary";
  static constexpr ErrorModel error = ErrorModel::elementwise;
  ConstView x;  // any shape
  View y;       // x's shape
  UnaryKind kind = UnaryKind::neg;

  template <class V>
  void visit_inputs(V&& f) const {
    f(x);
  }
  template <class V>
  void visit_outputs(V&& f) const {
    f(y);
  }
  std::int64_t flops() const { return y.elements(); }
};

/// y = f(x, z), formed in f32, rounded once. Views already carry the broadcast (stride 0).
/// a = x's dtype, b = z's dtype, out = y's dtype. max and min return NaN when either operand is NaN.
struct Binary {
  static constexpr std::string_view name = "binary";
  static constexpr ErrorModel error = ErrorModel::elementwise;
  ConstView x, z;  // shape of y; stride 0 where broadcast
  View y;          // contiguous
  BinaryKind kind = BinaryKind::add;

  template <class V>
  void visit_inputs(V&& f) const {
    f(x);
    f(z);
  }
  template <class V>
  void visit_outputs(V&& f) const {
    f(y);
  }
  std::int64_t flops() const { return y.elements(); }
};

/// y = x in another dtype: round to nearest even from the stored value, NaN kept (quiet, with its sign),
/// subnormals kept. Blocks are dequantised. a = x's dtype (b repeats it), out = y's dtype.
struct Cast {
  static constexpr std::string_view name = "cast";
  static constexpr ErrorModel error = ErrorModel::exact;
  ConstView x;  // any strides; blocks contiguous
  View y;       // contiguous

  template <class V>
  void visit_inputs(V&& f) const {
    f(x);
  }
  template <class V>
  void visit_outputs(V&& f) const {
    f(y);
  }
  std::int64_t flops() const { return 0; }
};

/// Moves bits, also those of a signalling NaN; same dtype on both sides. a = b = out.
struct Copy {
  static constexpr std::string_view name = "copy";
  static constexpr ErrorModel error = ErrorModel::exact;
  ConstView x;  // any strides
  View y;       // any strides, x's shape

  template <class V>
  void visit_inputs(V&& f) const {
    f(x);
  }
  template <class V>
  void visit_outputs(V&& f) const {
    f(y);
  }
  std::int64_t flops() const { return 0; }
};

/// y = value, rounded once to y's dtype. a = b = out.
struct Fill {
  static constexpr std::string_view name = "fill";
  static constexpr ErrorModel error = ErrorModel::exact;
  View y;  // any strides
  double value = 0;

  template <class V>
  void visit_inputs(V&&) const {}
  template <class V>
  void visit_outputs(V&& f) const {
    f(y);
  }
  std::int64_t flops() const { return 0; }
};

}  // namespace candor
