// Row-major weights to the packed layout of core/packed.h. Moves bits. a = b = out.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/view.h"
#include "kernels/error_model.h"

namespace candor {

struct PackTiles {
  static constexpr std::string_view name = "pack_tiles";
  static constexpr ErrorModel error = ErrorModel::exact;
  ConstView x;  // [N, K]  strided, contiguous along K
  View y;       // [N, K]  packed_tiles; padding is written as zero

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

}  // namespace candor
