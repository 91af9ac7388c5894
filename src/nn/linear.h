// A weight matrix and its optional bias.
#pragma once

#include "candor/ops.h"

namespace candor::nn {

struct Linear {
  Tensor weight;  // [N, K]  packed_tiles or strided (blocks)
  Tensor bias;    // [N]     undefined: none

  /// x [..., K] -> [..., N]
  Tensor operator()(const Tensor& x, const OpOptions& options) const { return matmul(x, weight, bias, options); }
};

}  // namespace candor::nn
