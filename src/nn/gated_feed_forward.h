// The gated feed-forward block of Llama-like models: down(activation(gate(x)) ⊙ up(x)).
#pragma once

#include "nn/linear.h"

namespace candor::nn {

struct GatedFeedForward {
  Linear gate, up;  // [F, C]
  Linear down;      // [C, F]
  Activation activation = Activation::silu;

  /// x [T, C] -> [T, C]. One fused op forms the gated half; gate and up stored in different dtypes take separate
  /// matmuls whose results stay in f32 until the product is rounded once.
  Tensor operator()(const Tensor& x, const OpOptions& options) const;

 private:
  Tensor gated(const Tensor& x, const OpOptions& options) const;
};

}  // namespace candor::nn
