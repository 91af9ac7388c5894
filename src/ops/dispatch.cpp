#include "ops/dispatch.h"

#include <algorithm>

#include "core/packed.h"

namespace candor::ops {
namespace {
thread_local DispatchPlan* current_plan = nullptr;
}

DispatchPlan::DispatchPlan() : outer_(current_plan) { current_plan = this; }
DispatchPlan::~DispatchPlan() { current_plan = outer_; }
DispatchPlan* DispatchPlan::current() { return current_plan; }
bool DispatchPlan::complete() const {
  return std::ranges::all_of(ops, [](const PlannedOp& op) { return op.missing.empty(); });
}

const Backend& device_backend() {
  for (const Backend& backend : installed_backends())
    if (backend.built && !backend.reference) return backend;
  throw DeviceError("ops: this build has no computing backend");
}

const Backend& reference_backend() {
  for (const Backend& backend : installed_backends())
    if (backend.built && backend.reference) return backend;
  throw DeviceError("ops: this build has no reference backend");
}

void add_operand(std::string& detail, const ConstView& view) {
  if (!view.present()) return;
  if (!detail.empty()) detail += " ";
  detail += dtype_name(view.dtype);
  detail += "[";
  for (int i = 0; i < view.rank; ++i) detail += (i == 0 ? "" : ", ") + std::to_string(view.shape[i]);
  detail += "]";
}

std::uint64_t view_bytes(const ConstView& view) {
  std::uint64_t elements = 1;
  for (int i = 0; i < view.rank; ++i)
    if (view.stride[i] != 0 || view.shape[i] == 0) elements *= static_cast<std::uint64_t>(view.shape[i]);
  if (view.layout == Layout::packed_tiles)
    elements = static_cast<std::uint64_t>(packed_tiles(view.shape[0]) * packed_tile_stride(view.dtype, view.shape[1]));
  const DTypeInfo& info = dtype_info(view.dtype);
  return elements / static_cast<std::uint64_t>(info.block_elements) * static_cast<std::uint64_t>(info.block_bytes);
}

Precision performed(const KernelRow& row, const Precision& asked) {
  Precision result = asked;
  if (row.precision.compute != DType::any) result.compute = row.precision.compute;
  if (row.precision.accumulate != DType::any) result.accumulate = row.precision.accumulate;
  return result;
}

void detail::refuse_packed(std::string_view op, const ConstView& view) {
  std::string operand;
  add_operand(operand, view);
  throw ShapeError(std::string(op) + ": the operand " + operand +
                   " is packed; only matmul, qkv_projection, gated_linear (as weights) and embedding (as table) read "
                   "packed tensors, give the one that pack_tiles was given");
}

View shape_only_view(const Shape& shape, DType dtype, Layout layout) {
  Tensor tensor = Tensor::shape_only(shape, dtype, layout);
  View result;
  static_cast<ConstView&>(result) = const_view(tensor);
  return result;
}

namespace {

// Merges the leading dimensions of [..., C] when their strides allow it. No elements lie anywhere, so that an empty
// tensor always merges.
ConstView merge_rows(ConstView v, std::string_view op, const Tensor& tensor) {
  if (v.rank == 0) throw ShapeError(std::string(op) + ": a scalar has no last dimension; give at least rank 1");
  ConstView merged = v;
  merged.rank = 2;
  merged.shape[1] = v.shape[v.rank - 1];
  merged.stride[1] = v.stride[v.rank - 1];
  const bool empty = v.elements() == 0;
  std::int64_t rows = 1, stride = v.rank > 1 ? v.stride[v.rank - 2] : merged.shape[1];
  for (int i = v.rank - 2; i >= 0; --i) {
    if (!empty && v.shape[i] != 1 && rows != 1 && v.stride[i] != stride * rows)
      throw ShapeError(std::string(op) + ": leading dimensions of " + tensor.shape().to_string() +
                       " cannot be merged without a copy; call contiguous() first");
    if (rows == 1) stride = v.stride[i];
    rows *= v.shape[i];
  }
  merged.shape[0] = rows;
  merged.stride[0] = stride;
  return merged;
}

}  // namespace

ConstView rows_view(const Tensor& tensor, std::string_view op) { return merge_rows(const_view(tensor), op, tensor); }

View rows_view(Tensor& tensor, std::string_view op) {
  View result;
  static_cast<ConstView&>(result) = merge_rows(view(tensor), op, tensor);
  return result;
}

}  // namespace candor::ops
