#include "core/blocks.h"

namespace candor {
namespace {

template <DType kDType> bool dequantize_all(const void* blocks, std::int64_t elements, float* y) {
  constexpr int kElements = BlockOf<kDType>::elements;
  const auto* block = static_cast<const typename BlockOf<kDType>::type*>(blocks);
  for (std::int64_t i = 0; i < elements / kElements; ++i) dequantize_block(block[i], y + i * kElements);
  return true;
}

}  // namespace

bool dequantize_blocks(DType dtype, const void* blocks, std::int64_t elements, float* y) {
  switch (dtype) {
    case DType::q4_0: return dequantize_all<DType::q4_0>(blocks, elements, y);
    case DType::q4_1: return dequantize_all<DType::q4_1>(blocks, elements, y);
    case DType::q5_0: return dequantize_all<DType::q5_0>(blocks, elements, y);
    case DType::q5_1: return dequantize_all<DType::q5_1>(blocks, elements, y);
    case DType::q8_0: return dequantize_all<DType::q8_0>(blocks, elements, y);
    case DType::q4_k: return dequantize_all<DType::q4_k>(blocks, elements, y);
    case DType::q5_k: return dequantize_all<DType::q5_k>(blocks, elements, y);
    case DType::q6_k: return dequantize_all<DType::q6_k>(blocks, elements, y);
    default: return false;
  }
}

}  // namespace candor
