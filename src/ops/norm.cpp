// rms_norm and layer_norm, with and without the residual addition; softmax.
#include "ops/dispatch.h"
#include "ops/upcast.h"

namespace candor {
namespace {

using ops::Dispatch;

void check_norm(const char* op, const Tensor& x, const Tensor& residual, const Tensor& weight, const Tensor& bias) {
  if (x.shape().rank() < 1 || weight.shape().rank() != 1 || x.shape()[-1] != weight.shape()[0])
    throw ShapeError(std::string(op) + ": weight " + weight.shape().to_string() +
                     " must be [C] where C is the last dimension of x " + x.shape().to_string());
  if (residual.defined() && !(residual.shape() == x.shape()))
    throw ShapeError(std::string(op) + ": residual " + residual.shape().to_string() + " must have x's shape " +
                     x.shape().to_string());
  if (residual.defined() && residual.dtype() != x.dtype())
    throw DTypeError(std::string(op) + ": residual is " + std::string(dtype_name(residual.dtype())) + ", x is " +
                     std::string(dtype_name(x.dtype())) + "; cast one of them");
  if (bias.defined() && (!(bias.shape() == weight.shape()) || bias.dtype() != weight.dtype()))
    throw ShapeError(std::string(op) + ": bias " + bias.shape().to_string() +
                     " must have the shape and dtype of weight " + weight.shape().to_string());
}

Precision norm_precision(const Tensor& x, const Tensor& weight, const OpOptions& options) {
  const DType out = options.out == DType::any ? x.dtype() : options.out;
  return {x.dtype(), weight.dtype(), out, options.compute, options.accumulate};
}

std::pair<Tensor, Tensor> run_rms_norm(const Tensor& x, const Tensor& residual, const Tensor& weight, float eps,
                                       const OpOptions& options) {
  check_norm("rms_norm", x, residual, weight, {});
  const Precision precision = norm_precision(x, weight, options);
  RmsNorm args{.x = ops::rows_view(x, "rms_norm"),
               .residual = residual.defined() ? ops::rows_view(residual, "rms_norm") : ConstView{},
               .weight = const_view(weight),
               .sum = {},
               .y = {},
               .eps = eps};
  args.y = ops::shape_only_view(Shape{args.x.shape[0], args.x.shape[1]}, precision.out);
  if (residual.defined()) args.sum = ops::shape_only_view(Shape{args.x.shape[0], args.x.shape[1]}, x.dtype());
  const Dispatch<RmsNorm> dispatch(precision, args, options.policy);
  Tensor y = dispatch.allocate(x.shape(), precision.out), sum;
  args.y = ops::rows_view(y, "rms_norm");
  if (residual.defined()) {
    sum = dispatch.allocate(x.shape(), x.dtype());
    args.sum = ops::rows_view(sum, "rms_norm");
  }
  dispatch.run(args);
  return {y, sum};
}

std::pair<Tensor, Tensor> run_layer_norm(const Tensor& x, const Tensor& residual, const Tensor& weight,
                                         const Tensor& bias, float eps, const OpOptions& options) {
  check_norm("layer_norm", x, residual, weight, bias);
  const Precision precision = norm_precision(x, weight, options);
  LayerNorm args{.x = ops::rows_view(x, "layer_norm"),
                 .residual = residual.defined() ? ops::rows_view(residual, "layer_norm") : ConstView{},
                 .weight = const_view(weight),
                 .bias = const_view(bias),
                 .sum = {},
                 .y = {},
                 .eps = eps};
  args.y = ops::shape_only_view(Shape{args.x.shape[0], args.x.shape[1]}, precision.out);
  if (residual.defined()) args.sum = ops::shape_only_view(Shape{args.x.shape[0], args.x.shape[1]}, x.dtype());
  const Dispatch<LayerNorm> dispatch(precision, args, options.policy);
  Tensor y = dispatch.allocate(x.shape(), precision.out), sum;
  args.y = ops::rows_view(y, "layer_norm");
  if (residual.defined()) {
    sum = dispatch.allocate(x.shape(), x.dtype());
    args.sum = ops::rows_view(sum, "layer_norm");
  }
  dispatch.run(args);
  return {y, sum};
}

/// The same call with f32 operands, when only that has a kernel and the policy allows it.
template <class Run>
std::pair<Tensor, Tensor> upcast_norm(const Tensor& x, const OpOptions& options, Run&& run) {
  const DType out = options.out == DType::any ? x.dtype() : options.out;
  auto [y, sum] = run(ops::without_upcast(options));
  return {cast(y, out), sum.defined() ? cast(sum, x.dtype()) : sum};
}

template <class Op>
bool needs_upcast(const Tensor& x, const Tensor& weight, const OpOptions& options) {
  if (!options.policy.allow_upcast) return false;
  Op args{};
  args.x = ops::rows_view(x, "norm");
  args.weight = const_view(weight);
  return !ops::has_row(norm_precision(x, weight, options), args);
}

}  // namespace

Tensor rms_norm(const Tensor& x, const Tensor& weight, float eps, const OpOptions& options) {
  return rms_norm_residual(x, {}, weight, eps, options).first;
}

std::pair<Tensor, Tensor> rms_norm_residual(const Tensor& x, const Tensor& residual, const Tensor& weight, float eps,
                                            const OpOptions& options) {
  if (needs_upcast<RmsNorm>(x, weight, options))
    return upcast_norm(x, options, [&](const OpOptions& wide) {
      return run_rms_norm(ops::upcast(x), ops::upcast(residual), ops::upcast(weight), eps, wide);
    });
  return run_rms_norm(x, residual, weight, eps, options);
}

Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, float eps, const OpOptions& options) {
  return layer_norm_residual(x, {}, weight, bias, eps, options).first;
}

std::pair<Tensor, Tensor> layer_norm_residual(const Tensor& x, const Tensor& residual, const Tensor& weight,
                                              const Tensor& bias, float eps, const OpOptions& options) {
  if (needs_upcast<LayerNorm>(x, weight, options))
    return upcast_norm(x, options, [&](const OpOptions& wide) {
      return run_layer_norm(ops::upcast(x), ops::upcast(residual), ops::upcast(weight), ops::upcast(bias), eps, wide);
    });
  return run_layer_norm(x, residual, weight, bias, eps, options);
}

Tensor softmax(const Tensor& x, const OpOptions& options) {
  const DType out = options.out == DType::any ? x.dtype() : options.out;
  const Precision precision{x.dtype(), x.dtype(), out, options.compute, options.accumulate};
  Softmax args{.x = ops::rows_view(x, "softmax"), .y = {}};
  args.y = ops::shape_only_view(Shape{args.x.shape[0], args.x.shape[1]}, out);
  if (options.policy.allow_upcast && !ops::has_row(precision, args))
    return cast(softmax(ops::upcast(x), ops::without_upcast(options)), out);
  const Dispatch<Softmax> dispatch(precision, args, options.policy);
  Tensor y = dispatch.allocate(x.shape(), out);
  args.y = ops::rows_view(y, "softmax");
  dispatch.run(args);
  return y;
}

}  // namespace candor
