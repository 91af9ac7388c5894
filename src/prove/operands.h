// Operands of experiments: tensors whose elements are set to values that their dtype holds exactly, code by code.
#pragma once

#include <vector>

#include "core/view.h"

namespace candor::prove {

using Values = std::vector<double>;

/// Owns the tensors of one run; views stay valid for its lifetime.
class Operands {
 public:
  /// Row-major values, each held exactly. Blocks: values[i] fills block i.
  View place(DType dtype, const std::vector<std::int64_t>& shape, const Values& values,
             Layout layout = Layout::strided);
  View place_i32(const std::vector<std::int64_t>& shape, const std::vector<std::int32_t>& values);
  /// A result: every byte is 0xb5 until it is written.
  View result(DType dtype, const std::vector<std::int64_t>& shape, Layout layout = Layout::strided);

 private:
  std::vector<Tensor> tensors_;
};

/// The code of an element of a scalar dtype, by its index from the first one in memory.
std::uint64_t code_at(const ConstView& view, std::int64_t index);
void set_code(const View& view, std::int64_t index, std::uint64_t code);
/// Every value of a floating result, in memory order.
Values values_of(const ConstView& view);

}  // namespace candor::prove
