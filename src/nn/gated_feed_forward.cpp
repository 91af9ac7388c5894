#include "nn/gated_feed_forward.h"

#include "candor/error.h"
#include "nn/precision.h"

namespace candor::nn {
namespace {

UnaryKind unary_kind(Activation activation) {
  switch (activation) {
    case Activation::relu:
      return UnaryKind::relu;
    case Activation::silu:
      return UnaryKind::silu;
    case Activation::gelu_tanh:
      return UnaryKind::gelu_tanh;
    case Activation::gelu_erf:
      return UnaryKind::gelu_erf;
    case Activation::identity:
      break;
  }
  throw ValueError("gated feed-forward: an identity activation has no unary op; use relu, silu, gelu_tanh or gelu_erf");
}

}  // namespace

Tensor GatedFeedForward::gated(const Tensor& x, const OpOptions& options) const {
  if (gate.weight.dtype() == up.weight.dtype())
    return gated_linear(x, gate.weight, up.weight, activation, gate.bias, up.bias, options);
  OpOptions wide = options;
  wide.out = DType::f32;
  const Tensor activated = unary(unary_kind(activation), gate(x, wide), wide);  // [T, F] f32
  return as_dtype(mul(activated, up(x, wide), wide), x.dtype());
}

Tensor GatedFeedForward::operator()(const Tensor& x, const OpOptions& options) const {
  return down(gated(x, options), options);
}

}  // namespace candor::nn
