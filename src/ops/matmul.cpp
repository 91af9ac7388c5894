// matmul, qkv_projection, gated_linear, pack_tiles.
#include <vector>

#include "ops/dispatch.h"
#include "ops/upcast.h"

namespace candor {
namespace {

using ops::Dispatch;

/// x's leading dimensions and the weight's rows.
Shape product_shape(const Tensor& x, const Tensor& weight) {
  std::vector<std::int64_t> dims(x.shape().dims().begin(), x.shape().dims().end());
  dims.back() = weight.shape()[0];
  return Shape(std::span<const std::int64_t>(dims));
}

void check_product(const char* op, const char* what, const Tensor& x, const Tensor& weight, const Tensor& bias) {
  if (x.shape().rank() < 1 || weight.shape().rank() != 2)
    throw ShapeError(std::string(op) + ": x " + x.shape().to_string() + " must be [..., K] and " + what + " " +
                     weight.shape().to_string() + " must be [N, K]");
  if (x.shape()[-1] != weight.shape()[1])
    throw ShapeError(std::string(op) + ": last dimension of x " + x.shape().to_string() +
                     " must equal the last dimension of " + what + " " + weight.shape().to_string());
  if (bias.defined() && !(bias.shape() == Shape{weight.shape()[0]}))
    throw ShapeError(std::string(op) + ": bias " + bias.shape().to_string() + " must be [" +
                     std::to_string(weight.shape()[0]) + "], one per row of " + what);
}

void check_same_dtype(const char* op, const Tensor& first, const Tensor& other) {
  if (first.dtype() != other.dtype())
    throw DTypeError(std::string(op) + ": weights are " + std::string(dtype_name(first.dtype())) + " and " +
                     std::string(dtype_name(other.dtype())) + "; use one dtype, or separate matmuls");
}

Precision product_precision(const Tensor& x, const Tensor& weight, const OpOptions& options) {
  const DType out = options.out == DType::any ? x.dtype() : options.out;
  return {x.dtype(), weight.dtype(), out, options.compute, options.accumulate};
}

View result_view(const ConstView& x, const Tensor& weight, DType out) {
  return ops::shape_only_view(Shape{x.shape[0], weight.shape()[0]}, out);
}

}  // namespace

Tensor pack_tiles(const Tensor& weight) {
  if (weight.shape().rank() != 2)
    throw ShapeError("pack_tiles: weight " + weight.shape().to_string() + " must be [N, K]");
  const DType dtype = weight.dtype();
  PackTiles args{.x = const_view(weight), .y = ops::shape_only_view(weight.shape(), dtype)};
  args.y.layout = Layout::packed_tiles;
  const Dispatch<PackTiles> dispatch({dtype, dtype, dtype, DType::any, DType::any}, args, {});
  if (dispatch.shape_only()) return Tensor::shape_only(weight.shape(), dtype, Layout::packed_tiles);
  Tensor packed = Tensor::packed_empty(weight.shape(), dtype);
  args.y = view(packed);
  dispatch.run(args);
  return packed;
}

Tensor matmul(const Tensor& x, const Tensor& weight, const Tensor& bias, const OpOptions& options) {
  check_product("matmul", "weight", x, weight, bias);
  const Precision precision = product_precision(x, weight, options);
  Matmul args{.x = ops::rows_view(x, "matmul"), .weight = const_view(weight), .bias = const_view(bias), .y = {}};
  args.y = result_view(args.x, weight, precision.out);
  if (ops::may_upcast(precision, args, options.policy)) {
    const auto wide = [&] {
      return cast(matmul(ops::upcast(x), ops::upcast(weight), bias, ops::without_upcast(options)), precision.out);
    };
    if (const auto y = ops::second_try(wide)) return *y;
  }
  const Dispatch<Matmul> dispatch(precision, args, options.policy);
  Tensor y = dispatch.allocate(product_shape(x, weight), precision.out);
  args.y = ops::rows_view(y, "matmul");
  dispatch.run(args);
  return y;
}

Qkv qkv_projection(const Tensor& x, const Tensor& q_weight, const Tensor& k_weight, const Tensor& v_weight,
                   const Tensor& q_bias, const Tensor& k_bias, const Tensor& v_bias, const OpOptions& options) {
  check_product("qkv_projection", "q_weight", x, q_weight, q_bias);
  check_product("qkv_projection", "k_weight", x, k_weight, k_bias);
  check_product("qkv_projection", "v_weight", x, v_weight, v_bias);
  check_same_dtype("qkv_projection", q_weight, k_weight);
  check_same_dtype("qkv_projection", q_weight, v_weight);
  const Precision precision = product_precision(x, q_weight, options);
  QkvProjection args{.x = ops::rows_view(x, "qkv_projection"),
                     .q_weight = const_view(q_weight),
                     .k_weight = const_view(k_weight),
                     .v_weight = const_view(v_weight),
                     .q_bias = const_view(q_bias),
                     .k_bias = const_view(k_bias),
                     .v_bias = const_view(v_bias),
                     .q = {},
                     .k = {},
                     .v = {}};
  args.q = result_view(args.x, q_weight, precision.out);
  args.k = result_view(args.x, k_weight, precision.out);
  args.v = result_view(args.x, v_weight, precision.out);
  if (ops::may_upcast(precision, args, options.policy)) {
    const auto separate = [&] {
      return Qkv{.q = matmul(x, q_weight, q_bias, options),
                 .k = matmul(x, k_weight, k_bias, options),
                 .v = matmul(x, v_weight, v_bias, options)};
    };
    if (const auto y = ops::second_try(separate)) return *y;
  }
  const Dispatch<QkvProjection> dispatch(precision, args, options.policy);
  Qkv y{.q = dispatch.allocate(product_shape(x, q_weight), precision.out),
        .k = dispatch.allocate(product_shape(x, k_weight), precision.out),
        .v = dispatch.allocate(product_shape(x, v_weight), precision.out)};
  args.q = ops::rows_view(y.q, "qkv_projection");
  args.k = ops::rows_view(y.k, "qkv_projection");
  args.v = ops::rows_view(y.v, "qkv_projection");
  dispatch.run(args);
  return y;
}

Tensor gated_linear(const Tensor& x, const Tensor& gate, const Tensor& up, Activation activation,
                    const Tensor& gate_bias, const Tensor& up_bias, const OpOptions& options) {
  check_product("gated_linear", "gate", x, gate, gate_bias);
  check_product("gated_linear", "up", x, up, up_bias);
  check_same_dtype("gated_linear", gate, up);
  if (!(gate.shape() == up.shape()))
    throw ShapeError("gated_linear: gate " + gate.shape().to_string() + " and up " + up.shape().to_string() +
                     " must have the same shape");
  const Precision precision = product_precision(x, gate, options);
  GatedLinear args{.x = ops::rows_view(x, "gated_linear"),
                   .gate_weight = const_view(gate),
                   .up_weight = const_view(up),
                   .gate_bias = const_view(gate_bias),
                   .up_bias = const_view(up_bias),
                   .y = {},
                   .activation = activation};
  args.y = result_view(args.x, gate, precision.out);
  if (ops::may_upcast(precision, args, options.policy)) {
    const auto wide = [&] {
      return cast(gated_linear(ops::upcast(x), ops::upcast(gate), ops::upcast(up), activation, gate_bias, up_bias,
                               ops::without_upcast(options)),
                  precision.out);
    };
    if (const auto y = ops::second_try(wide)) return *y;
  }
  const Dispatch<GatedLinear> dispatch(precision, args, options.policy);
  Tensor y = dispatch.allocate(product_shape(x, gate), precision.out);
  args.y = ops::rows_view(y, "gated_linear");
  dispatch.run(args);
  return y;
}

}  // namespace candor
