// cast, contiguous, copy_into, full, unary, binary.
#include <algorithm>

#include "ops/dispatch.h"
#include "ops/upcast.h"

namespace candor {
namespace {

using ops::Dispatch;

/// Ops that form no product have no compute or accumulation dtype.
Precision moving(DType a, DType out) {
  return {.a = a, .b = a, .out = out, .compute = DType::any, .accumulate = DType::any};
}

DType output_dtype(const OpOptions& options, DType stored) { return options.out == DType::any ? stored : options.out; }

Shape broadcast_shape(const char* op, const Shape& x, const Shape& z) {
  const int rank = std::max(x.rank(), z.rank());
  std::int64_t dims[kMaxRank];
  for (int i = 0; i < rank; ++i) {
    const std::int64_t dx = i < rank - x.rank() ? 1 : x[i - (rank - x.rank())];
    const std::int64_t dz = i < rank - z.rank() ? 1 : z[i - (rank - z.rank())];
    if (dx != dz && dx != 1 && dz != 1)
      throw ShapeError(std::string(op) + ": " + x.to_string() + " and " + z.to_string() +
                       " do not broadcast; each pair of trailing dimensions must be equal or 1");
    dims[i] = dx == 1 ? dz : dx;
  }
  return Shape(std::span<const std::int64_t>(dims, static_cast<std::size_t>(rank)));
}

/// x's view with the shape of the result: stride 0 where it is repeated.
ConstView broadcast_view(const Tensor& x, const Shape& shape) {
  ConstView v = const_view(x), wide = v;
  wide.rank = shape.rank();
  const int missing = shape.rank() - v.rank;
  for (int i = 0; i < wide.rank; ++i) {
    const bool repeated = i < missing || (v.shape[i - missing] == 1 && shape[i] != 1);
    wide.shape[i] = shape[i];
    wide.stride[i] = repeated ? 0 : v.stride[i - missing];
  }
  return wide;
}

/// Addresses from the first to the last element of a tensor that has elements, whatever its strides.
std::pair<std::uintptr_t, std::uintptr_t> memory_range(const Tensor& tensor) {
  std::int64_t last = 0;  // of blocks: somewhere in the last block
  for (int i = 0; i < tensor.shape().rank(); ++i)
    last += (tensor.shape()[i] - 1) * tensor.strides()[static_cast<std::size_t>(i)];
  const DTypeInfo& info = dtype_info(tensor.dtype());
  const std::uintptr_t begin = reinterpret_cast<std::uintptr_t>(tensor.data());
  return {begin, begin + static_cast<std::uintptr_t>((last / info.block_elements + 1) * info.block_bytes)};
}

void check_copy(const Tensor& y, const Tensor& x) {
  if (!(y.shape() == x.shape()))
    throw ShapeError("copy_into: destination " + y.shape().to_string() + " and source " + x.shape().to_string() +
                     " differ; slice or reshape one of them");
  if (y.dtype() != x.dtype())
    throw DTypeError("copy_into: destination is " + std::string(dtype_name(y.dtype())) + ", source is " +
                     std::string(dtype_name(x.dtype())) + "; cast the source first");
  if (x.is_shape_only() || x.elements() == 0) return;
  if (y.is_shape_only())
    throw ValueError("copy_into: destination " + y.shape().to_string() +
                     " has a shape but no memory, the source has both; make the destination with Tensor::empty");
  if (y.layout() != Layout::strided || x.layout() != Layout::strided) return;  // refused with the others of that kind
  const auto [y_begin, y_end] = memory_range(y);
  const auto [x_begin, x_end] = memory_range(x);
  if (y_begin < x_end && x_begin < y_end)
    throw ValueError("copy_into: destination " + y.shape().to_string() + " and source " + x.shape().to_string() +
                     " overlap in memory; copy the source into a tensor of its own first");
}

}  // namespace

Tensor cast(const Tensor& x, DType dtype) {
  if (x.dtype() == dtype) return x;
  Cast args{.x = const_view(x), .y = ops::shape_only_view(x.shape(), dtype)};
  const Dispatch<Cast> dispatch(moving(x.dtype(), dtype), args, {});
  Tensor y = dispatch.allocate(x.shape(), dtype);
  args.y = view(y);
  dispatch.run(args);
  if (!dispatch.shape_only())
    ledger::record_cast(x.dtype(), dtype, "op: cast", static_cast<std::uint64_t>(x.elements()));
  return y;
}

Tensor contiguous(const Tensor& x) {
  if (x.is_contiguous()) return x;
  Copy args{.x = const_view(x), .y = ops::shape_only_view(x.shape(), x.dtype())};
  const Dispatch<Copy> dispatch(moving(x.dtype(), x.dtype()), args, {});
  Tensor y = dispatch.allocate(x.shape(), x.dtype());
  args.y = view(y);
  dispatch.run(args);
  return y;
}

void copy_into(Tensor& y, const Tensor& x) {
  check_copy(y, x);
  const Copy args{.x = const_view(x), .y = view(y)};
  Dispatch<Copy>(moving(x.dtype(), x.dtype()), args, {}).run(args);
}

Tensor full(const Shape& shape, DType dtype, double value) {
  Fill args{.y = ops::shape_only_view(shape, dtype), .value = value};
  const Dispatch<Fill> dispatch(moving(dtype, dtype), args, {});
  Tensor y = dispatch.allocate(shape, dtype);
  args.y = view(y);
  dispatch.run(args);
  return y;
}

Tensor unary(UnaryKind kind, const Tensor& x, const OpOptions& options) {
  const DType out = output_dtype(options, x.dtype());
  const Precision precision{x.dtype(), x.dtype(), out, options.compute, options.accumulate};
  Unary args{.x = const_view(x), .y = ops::shape_only_view(x.shape(), out), .kind = kind};
  if (ops::may_upcast(precision, args, options.policy)) {
    const auto wide = [&] { return cast(unary(kind, ops::upcast(x), ops::without_upcast(options)), out); };
    if (const auto y = ops::second_try(wide)) return *y;
  }
  const Dispatch<Unary> dispatch(precision, args, options.policy);
  Tensor y = dispatch.allocate(x.shape(), out);
  args.y = view(y);
  dispatch.run(args);
  return y;
}

Tensor binary(BinaryKind kind, const Tensor& x, const Tensor& z, const OpOptions& options) {
  const Shape shape = broadcast_shape("binary", x.shape(), z.shape());
  const DType out = output_dtype(options, x.dtype());
  const Precision precision{x.dtype(), z.dtype(), out, options.compute, options.accumulate};
  Binary args{.x = broadcast_view(x, shape),
              .z = broadcast_view(z, shape),
              .y = ops::shape_only_view(shape, out),
              .kind = kind};
  if (ops::may_upcast(precision, args, options.policy)) {
    const auto wide = [&] {
      return cast(binary(kind, ops::upcast(x), ops::upcast(z), ops::without_upcast(options)), out);
    };
    if (const auto y = ops::second_try(wide)) return *y;
  }
  const Dispatch<Binary> dispatch(precision, args, options.policy);
  Tensor y = dispatch.allocate(shape, out);
  args.y = view(y);
  dispatch.run(args);
  return y;
}

Tensor add(const Tensor& x, const Tensor& z, const OpOptions& options) {
  return binary(BinaryKind::add, x, z, options);
}
Tensor mul(const Tensor& x, const Tensor& z, const OpOptions& options) {
  return binary(BinaryKind::mul, x, z, options);
}

}  // namespace candor
