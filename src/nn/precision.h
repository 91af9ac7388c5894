// From a model's precision to what each op is asked for.
#pragma once

#include "candor/ops.h"
#include "candor/precision.h"

namespace candor::nn {

/// Options of an op whose result keeps the dtype of the activations.
inline OpOptions op_options(const ModelPrecision& precision, const ExecPolicy& policy) {
  return {.out = DType::any, .compute = precision.compute, .accumulate = precision.accumulate, .policy = policy};
}

/// x itself when it has the dtype, otherwise a counted cast.
inline Tensor as_dtype(const Tensor& x, DType dtype) { return x.dtype() == dtype ? x : cast(x, dtype); }

}  // namespace candor::nn
