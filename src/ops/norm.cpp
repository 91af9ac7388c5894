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
  if (bias.defined() && !(bias.shape() == weight.shape()))
    throw ShapeError(std::string(op) + ": bias " + bias.shape().to_string() + " must have weight's shape " +
                     weight.shape().to_string());
  if (bias.defined() && bias.dtype() != weight.dtype())
    throw DTypeError(std::string(op) + ": bias is " + std::string(dtype_name(bias.dtype())) + ", weight is " +
                     std::string(dtype_name(weight.dtype())) + "; cast one of them");
}

Precision norm_precision(const Tensor& x, const Tensor& weight, const OpOptions& options) {
  const DType out = options.out == DType::any ? x.dtype() : options.out;
  return {x.dtype(), weight.dtype(), out, options.compute, options.accumulate};
}

/// The views that both norms have; results are shape only.
template <class Op>
void set_operands(Op& args, const Tensor& x, const Tensor& residual, const Tensor& weight, DType out) {
  args.x = ops::rows_view(x, Op::name);
  args.weight = const_view(weight);
  const Shape rows{args.x.shape[0], args.x.shape[1]};
  args.y = ops::shape_only_view(rows, out);
  if (!residual.defined()) return;
  args.residual = ops::rows_view(residual, Op::name);
  args.sum = ops::shape_only_view(rows, x.dtype());
}

template <class Op>
std::pair<Tensor, Tensor> run_norm(Op args, const Tensor& x, const Precision& precision, const ExecPolicy& policy) {
  const Dispatch<Op> dispatch(precision, args, policy);
  Tensor y = dispatch.allocate(x.shape(), precision.out), sum;
  args.y = ops::rows_view(y, Op::name);
  if (args.sum.present()) {
    sum = dispatch.allocate(x.shape(), x.dtype());
    args.sum = ops::rows_view(sum, Op::name);
  }
  dispatch.run(args);
  return {y, sum};
}

/// Results of a second try in the dtypes that were asked for.
std::pair<Tensor, Tensor> cast_back(const std::pair<Tensor, Tensor>& wide, DType out, DType x) {
  return {cast(wide.first, out), wide.second.defined() ? cast(wide.second, x) : wide.second};
}

}  // namespace

Tensor rms_norm(const Tensor& x, const Tensor& weight, float eps, const OpOptions& options) {
  return rms_norm_residual(x, {}, weight, eps, options).first;
}

std::pair<Tensor, Tensor> rms_norm_residual(const Tensor& x, const Tensor& residual, const Tensor& weight, float eps,
                                            const OpOptions& options) {
  check_norm("rms_norm", x, residual, weight, {});
  const Precision precision = norm_precision(x, weight, options);
  RmsNorm args{.eps = eps};
  set_operands(args, x, residual, weight, precision.out);
  if (ops::may_upcast(precision, args, options.policy)) {
    const auto wide = [&] {
      return cast_back(rms_norm_residual(ops::upcast(x), ops::upcast(residual), ops::upcast(weight), eps,
                                         ops::without_upcast(options)),
                       precision.out, x.dtype());
    };
    if (const auto y = ops::second_try(wide)) return *y;
  }
  return run_norm(args, x, precision, options.policy);
}

Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, float eps, const OpOptions& options) {
  return layer_norm_residual(x, {}, weight, bias, eps, options).first;
}

std::pair<Tensor, Tensor> layer_norm_residual(const Tensor& x, const Tensor& residual, const Tensor& weight,
                                              const Tensor& bias, float eps, const OpOptions& options) {
  check_norm("layer_norm", x, residual, weight, bias);
  const Precision precision = norm_precision(x, weight, options);
  LayerNorm args{.bias = const_view(bias), .eps = eps};
  set_operands(args, x, residual, weight, precision.out);
  if (ops::may_upcast(precision, args, options.policy)) {
    const auto wide = [&] {
      return cast_back(layer_norm_residual(ops::upcast(x), ops::upcast(residual), ops::upcast(weight),
                                           ops::upcast(bias), eps, ops::without_upcast(options)),
                       precision.out, x.dtype());
    };
    if (const auto y = ops::second_try(wide)) return *y;
  }
  return run_norm(args, x, precision, options.policy);
}

Tensor softmax(const Tensor& x, const OpOptions& options) {
  const DType out = options.out == DType::any ? x.dtype() : options.out;
  const Precision precision{x.dtype(), x.dtype(), out, options.compute, options.accumulate};
  Softmax args{.x = ops::rows_view(x, "softmax"), .y = {}};
  args.y = ops::shape_only_view(Shape{args.x.shape[0], args.x.shape[1]}, out);
  if (ops::may_upcast(precision, args, options.policy)) {
    const auto wide = [&] { return cast(softmax(ops::upcast(x), ops::without_upcast(options)), out); };
    if (const auto y = ops::second_try(wide)) return *y;
  }
  const Dispatch<Softmax> dispatch(precision, args, options.policy);
  Tensor y = dispatch.allocate(x.shape(), out);
  args.y = ops::rows_view(y, "softmax");
  dispatch.run(args);
  return y;
}

}  // namespace candor
