#include "core/view.h"

#include <algorithm>

namespace candor {
namespace {

void describe(const Tensor& tensor, ConstView& view) {
  view.dtype = tensor.dtype();
  view.layout = tensor.layout();
  view.rank = tensor.shape().rank();
  std::ranges::copy(tensor.shape().dims(), view.shape);
  std::ranges::copy(tensor.strides(), view.stride);
}

}  // namespace

ConstView const_view(const Tensor& tensor) {
  ConstView result;
  if (!tensor.defined()) return result;
  describe(tensor, result);
  result.data = tensor.data();
  return result;
}

View view(Tensor& tensor) {
  View result;
  if (!tensor.defined()) return result;
  describe(tensor, result);
  result.data = tensor.data();  // the non-const one: refuses a read-only map
  return result;
}

}  // namespace candor
