#include <cstring>

#include "audit/block_evidence.h"
#include "core/formats.h"

namespace candor::audit_internal {
namespace {

// Files place tensors at any byte: copied out, not cast.
template <class T>
T element(const std::byte* data, std::uint64_t index) {
  T value;
  std::memcpy(&value, data + index * sizeof(T), sizeof(T));
  return value;
}

}  // namespace

std::uint64_t TensorSlice::code(std::uint64_t row, std::uint64_t column) const {
  const std::uint64_t index = row * columns + column;
  switch (dtype) {
    case DType::f64:
      return element<std::uint64_t>(data, index);
    case DType::f32:
      return element<std::uint32_t>(data, index);
    default:
      return element<std::uint16_t>(data, index);
  }
}

double TensorSlice::at(std::uint64_t row, std::uint64_t column) const {
  const std::uint64_t bits = code(row, column);
  switch (dtype) {
    case DType::f64:
      return f64_from_bits(bits);
    case DType::f32:
      return f32_to_f64(f32_from_bits(static_cast<std::uint32_t>(bits)));
    case DType::f16:
      return f32_to_f64(f16_bits_to_f32(static_cast<std::uint16_t>(bits)));
    default:
      return f32_to_f64(bf16_bits_to_f32(static_cast<std::uint16_t>(bits)));
  }
}

}  // namespace candor::audit_internal
