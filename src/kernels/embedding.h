// y[t] = table[ids[t]].  a = b = table's dtype, out = y's dtype: rounded once from the stored value, as by
// Cast; in the table's own dtype bits move, also those of a signalling NaN.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/view.h"
#include "kernels/error_model.h"

namespace candor {

struct Embedding {
  static constexpr std::string_view name = "embedding";
  static constexpr ErrorModel error = ErrorModel::exact;
  ConstView ids;    // [T]     i32, checked by the op to lie in [0, V)
  ConstView table;  // [V, C]  strided rows, packed_tiles or blocks
  View y;           // [T, C]

  template <class V>
  void visit_inputs(V&& f) const {
    f(ids);
    f(table);
  }
  template <class V>
  void visit_outputs(V&& f) const {
    f(y);
  }
  std::int64_t flops() const { return 0; }
};

}  // namespace candor
