// attention and rope.
#include <cmath>

#include "ops/dispatch.h"
#include "ops/upcast.h"

namespace candor {
namespace {

using ops::Dispatch;

/// [T, H, D] as [1, T, H, D].
ConstView batched(const Tensor& x, const char* name) {
  ConstView v = const_view(x);
  if (v.rank == 4) return v;
  if (v.rank != 3)
    throw ShapeError("attention: " + std::string(name) + " " + x.shape().to_string() +
                     " must be [B, T, H, D] or [T, H, D]");
  for (int i = 3; i > 0; --i) {
    v.shape[i] = v.shape[i - 1];
    v.stride[i] = v.stride[i - 1];
  }
  v.rank = 4;
  v.shape[0] = 1;
  v.stride[0] = v.shape[1] * v.stride[1];
  return v;
}

void check_attention(const Attention& a, const Tensor& q, const Tensor& k, const Tensor& v,
                     const AttentionOptions& options) {
  const std::string shapes =
      "q " + q.shape().to_string() + ", k " + k.shape().to_string() + ", v " + v.shape().to_string();
  for (int i = 0; i < 4; ++i)
    if (a.k.shape[i] != a.v.shape[i]) throw ShapeError("attention: k and v must have the same shape: " + shapes);
  if (a.q.shape[0] != a.k.shape[0]) throw ShapeError("attention: batch sizes differ: " + shapes);
  if (a.q.shape[3] != a.k.shape[3]) throw ShapeError("attention: head dims differ: " + shapes);
  if (a.q.shape[3] % 2 != 0) throw ShapeError("attention: head dim must be even: " + shapes);
  if (a.k.shape[2] == 0 || a.q.shape[2] % a.k.shape[2] != 0)
    throw ShapeError("attention: query heads must be a multiple of key/value heads: " + shapes);
  if (a.k.shape[1] == 0) throw ShapeError("attention: there must be at least one key: " + shapes);
  if (options.causal && a.k.shape[1] < a.q.shape[1])
    throw ShapeError("attention: causal needs at least as many keys as queries: " + shapes);
  if (k.dtype() != v.dtype())
    throw DTypeError("attention: k is " + std::string(dtype_name(k.dtype())) + ", v is " +
                     std::string(dtype_name(v.dtype())) + "; use one dtype for both");
}

void check_rope(const Tensor& x, const Tensor& cos, const Tensor& sin) {
  if (x.shape().rank() != 3) throw ShapeError("rope: x " + x.shape().to_string() + " must be [T, H, D]");
  if (cos.shape().rank() != 2 || !(cos.shape() == sin.shape()) || cos.shape()[0] != x.shape()[0] ||
      2 * cos.shape()[1] > x.shape()[2])
    throw ShapeError("rope: tables " + cos.shape().to_string() + " and " + sin.shape().to_string() +
                     " must be [T, R] with R <= D/2 for x " + x.shape().to_string());
  if (cos.dtype() != DType::f32 || sin.dtype() != DType::f32)
    throw DTypeError("rope: tables are " + std::string(dtype_name(cos.dtype())) + " and " +
                     std::string(dtype_name(sin.dtype())) + "; both must be f32");
}

}  // namespace

Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionOptions& options) {
  const DType out = options.op.out == DType::any ? q.dtype() : options.op.out;
  const Precision precision{q.dtype(), k.dtype(), out, options.op.compute, options.op.accumulate};
  Attention args{.q = batched(q, "q"),
                 .k = batched(k, "k"),
                 .v = batched(v, "v"),
                 .y = {},
                 .scale = options.scale,
                 .causal = options.causal};
  check_attention(args, q, k, v, options);
  if (args.scale == 0) args.scale = 1.0f / std::sqrt(static_cast<float>(args.q.shape[3]));
  args.y = ops::shape_only_view(Shape{args.q.shape[0], args.q.shape[1], args.q.shape[2], args.q.shape[3]}, out);
  if (ops::may_upcast(precision, args, options.op.policy)) {
    AttentionOptions without = options;
    without.op = ops::without_upcast(options.op);
    const auto wide = [&] { return cast(attention(ops::upcast(q), ops::upcast(k), ops::upcast(v), without), out); };
    if (const auto y = ops::second_try(wide)) return *y;
  }
  const Dispatch<Attention> dispatch(precision, args, options.op.policy);
  Tensor y = dispatch.allocate(q.shape(), out);
  static_cast<ConstView&>(args.y) = batched(y, "y");
  dispatch.run(args);
  return y;
}

Tensor rope(const Tensor& x, const Tensor& cos, const Tensor& sin, RopeStyle style, const OpOptions& options) {
  check_rope(x, cos, sin);
  const DType out = options.out == DType::any ? x.dtype() : options.out;
  const Precision precision{x.dtype(), x.dtype(), out, options.compute, options.accumulate};
  Rope args{.x = const_view(x),
            .cos = const_view(cos),
            .sin = const_view(sin),
            .y = ops::shape_only_view(x.shape(), out),
            .style = style};
  if (ops::may_upcast(precision, args, options.policy)) {
    const auto wide = [&] { return cast(rope(ops::upcast(x), cos, sin, style, ops::without_upcast(options)), out); };
    if (const auto y = ops::second_try(wide)) return *y;
  }
  const Dispatch<Rope> dispatch(precision, args, options.policy);
  Tensor y = dispatch.allocate(x.shape(), out);
  args.y = view(y);
  dispatch.run(args);
  return y;
}

}  // namespace candor
