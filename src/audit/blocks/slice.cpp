#include "audit/block_evidence.h"
#include "audit/code_value.h"
#include "audit/scan/load.h"

namespace candor::audit_internal {

std::uint64_t TensorSlice::code(std::uint64_t row, std::uint64_t column) const {
  const std::uint64_t index = row * columns + column;
  switch (dtype) {
    case DType::f64:
      return load<std::uint64_t>(data + index * 8);
    case DType::f32:
      return load<std::uint32_t>(data + index * 4);
    default:
      return load<std::uint16_t>(data + index * 2);
  }
}

double TensorSlice::at(std::uint64_t row, std::uint64_t column) const { return code_value(dtype, code(row, column)); }

}  // namespace candor::audit_internal
