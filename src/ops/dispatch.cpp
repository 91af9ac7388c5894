#include "ops/dispatch.h"

#include <algorithm>

namespace candor::ops {
namespace {
thread_local DispatchPlan* current_plan = nullptr;
}

DispatchPlan::DispatchPlan() {
  if (current_plan != nullptr) throw Error("dispatch plan: this thread has one already; finish it first");
  current_plan = this;
}
DispatchPlan::~DispatchPlan() { current_plan = nullptr; }
DispatchPlan* DispatchPlan::current() { return current_plan; }

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

void describe_view(std::string& text, const ConstView& view) {
  if (!view.present()) return;
  if (!text.empty()) text += " ";
  text += std::string(dtype_name(view.dtype)) + "[";
  for (int i = 0; i < view.rank; ++i) text += (i == 0 ? "" : ", ") + std::to_string(view.shape[i]);
  text += "]";
}

std::uint64_t view_bytes(const ConstView& view) {
  std::uint64_t elements = 1;
  for (int i = 0; i < view.rank; ++i)
    if (view.stride[i] != 0 || view.shape[i] == 0) elements *= static_cast<std::uint64_t>(view.shape[i]);
  const DTypeInfo& info = dtype_info(view.dtype);
  return elements / static_cast<std::uint64_t>(info.block_elements) * static_cast<std::uint64_t>(info.block_bytes);
}

View shape_only_view(const Shape& shape, DType dtype, Layout layout) {
  Tensor tensor = Tensor::shape_only(shape, dtype, layout);
  View result;
  static_cast<ConstView&>(result) = const_view(tensor);
  return result;
}

namespace {

// Merges the leading dimensions of [..., C] when their strides allow it.
ConstView merge_rows(ConstView v, const char* op, const Tensor& tensor) {
  if (v.rank == 0) throw ShapeError(std::string(op) + ": a scalar has no last dimension; give at least rank 1");
  ConstView merged = v;
  merged.rank = 2;
  merged.shape[1] = v.shape[v.rank - 1];
  merged.stride[1] = v.stride[v.rank - 1];
  std::int64_t rows = 1, stride = v.rank > 1 ? v.stride[v.rank - 2] : merged.shape[1];
  for (int i = v.rank - 2; i >= 0; --i) {
    if (v.shape[i] != 1 && rows != 1 && v.stride[i] != stride * rows)
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

ConstView rows_view(const Tensor& tensor, const char* op) { return merge_rows(const_view(tensor), op, tensor); }

View rows_view(Tensor& tensor, const char* op) {
  View result;
  static_cast<ConstView&>(result) = merge_rows(view(tensor), op, tensor);
  return result;
}

}  // namespace candor::ops
