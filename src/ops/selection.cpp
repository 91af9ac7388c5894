// embedding, argmax, top_k.
#include <cstring>
#include <vector>

#include "ops/dispatch.h"

namespace candor {
namespace {

using ops::Dispatch;

void check_ids(const Tensor& ids, std::int64_t vocabulary) {
  if (ids.is_shape_only()) return;
  const std::byte* first = ids.data_as<std::byte>();
  const std::int64_t stride = ids.strides()[0];
  for (std::int64_t i = 0; i < ids.elements(); ++i) {
    std::int32_t id;  // may lie at any address
    std::memcpy(&id, first + i * stride * std::int64_t{sizeof id}, sizeof id);
    if (id < 0 || id >= vocabulary)
      throw ValueError("embedding: id " + std::to_string(id) + " at position " + std::to_string(i) +
                       " is outside [0, " + std::to_string(vocabulary) + ")");
  }
}

/// x's shape with the last dimension replaced (or dropped when `last` is negative).
Shape with_last(const Tensor& x, std::int64_t last) {
  std::vector<std::int64_t> dims(x.shape().dims().begin(), x.shape().dims().end());
  dims.pop_back();
  if (last >= 0) dims.push_back(last);
  return Shape(std::span<const std::int64_t>(dims));
}

}  // namespace

Tensor embedding(const Tensor& table, const Tensor& ids, const OpOptions& options) {
  if (table.shape().rank() != 2 || ids.shape().rank() != 1)
    throw ShapeError("embedding: table " + table.shape().to_string() + " must be [V, C] and ids " +
                     ids.shape().to_string() + " must be [T]");
  if (ids.dtype() != DType::i32)
    throw DTypeError("embedding: ids are " + std::string(dtype_name(ids.dtype())) + "; they must be i32");
  check_ids(ids, table.shape()[0]);
  const DType out = options.out == DType::any ? table.dtype() : options.out;
  const Shape shape{ids.shape()[0], table.shape()[1]};
  Embedding args{.ids = const_view(ids), .table = const_view(table), .y = ops::shape_only_view(shape, out)};
  const Dispatch<Embedding> dispatch({table.dtype(), table.dtype(), out, DType::any, DType::any}, args, options.policy);
  Tensor y = dispatch.allocate(shape, out);
  args.y = view(y);
  dispatch.run(args);
  return y;
}

Tensor argmax(const Tensor& x) {
  if (x.shape().rank() < 1 || x.shape()[-1] < 1)
    throw ValueError("argmax: x " + x.shape().to_string() + " needs a last dimension of at least 1");
  Argmax args{.x = ops::rows_view(x, "argmax"), .indices = {}};
  args.indices = ops::shape_only_view(Shape{args.x.shape[0]}, DType::i32);
  const Dispatch<Argmax> dispatch({x.dtype(), x.dtype(), x.dtype(), DType::any, DType::any}, args, {});
  Tensor indices = dispatch.allocate(with_last(x, -1), DType::i32);
  args.indices = view(indices);
  args.indices.rank = 1;
  args.indices.shape[0] = args.x.shape[0];
  args.indices.stride[0] = 1;
  dispatch.run(args);
  return indices;
}

std::pair<Tensor, Tensor> top_k(const Tensor& x, std::int64_t k) {
  if (x.shape().rank() < 1 || k < 1 || k > x.shape()[-1])
    throw ValueError("top_k: k = " + std::to_string(k) + " must lie in [1, last dimension of x " +
                     x.shape().to_string() + "]");
  TopK args{.x = ops::rows_view(x, "top_k"), .values = {}, .indices = {}};
  args.values = ops::shape_only_view(Shape{args.x.shape[0], k}, x.dtype());
  args.indices = ops::shape_only_view(Shape{args.x.shape[0], k}, DType::i32);
  const Dispatch<TopK> dispatch({x.dtype(), x.dtype(), x.dtype(), DType::any, DType::any}, args, {});
  Tensor values = dispatch.allocate(with_last(x, k), x.dtype());
  Tensor indices = dispatch.allocate(with_last(x, k), DType::i32);
  args.values = ops::rows_view(values, "top_k");
  args.indices = ops::rows_view(indices, "top_k");
  dispatch.run(args);
  return {values, indices};
}

}  // namespace candor
