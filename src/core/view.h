// Views: what a kernel sees of a tensor. Plain data; no ownership. Safe to include in per-ISA translation units.
#pragma once

#include <cstdint>

#include "candor/dtype.h"
#include "candor/shape.h"
#include "candor/tensor.h"

#define CANDOR_ALWAYS_INLINE inline __attribute__((always_inline))

namespace candor {

/// Read-only view. `data == nullptr` with a non-empty shape means "shape only".
struct ConstView {
  const void* data = nullptr;  // first element, at any address: Tensor::from_storage takes any offset
  DType dtype = DType::any;    // any: absent operand
  Layout layout = Layout::strided;
  int rank = 0;
  std::int64_t shape[kMaxRank] = {};
  std::int64_t stride[kMaxRank] = {};  // in elements; the last dimension of block formats is contiguous

  CANDOR_ALWAYS_INLINE bool present() const { return dtype != DType::any; }
  CANDOR_ALWAYS_INLINE std::int64_t elements() const {
    std::int64_t n = 1;
    for (int i = 0; i < rank; ++i) n *= shape[i];
    return n;
  }
  /// True when elements follow each other in row-major order without gaps. Nothing lies between no elements: an empty
  /// view is contiguous whatever its strides.
  CANDOR_ALWAYS_INLINE bool contiguous() const {
    if (layout != Layout::strided) return false;
    bool gaps = false;
    std::int64_t expected = 1;
    for (int i = rank - 1; i >= 0; --i) {
      gaps = gaps || (shape[i] != 1 && stride[i] != expected);
      expected *= shape[i];
    }
    return !gaps || expected == 0;
  }
  template <class T>
  CANDOR_ALWAYS_INLINE const T* as() const {
    return static_cast<const T*>(data);
  }
};

/// Writable view; converts to ConstView by slicing.
struct View : ConstView {
  template <class T>
  CANDOR_ALWAYS_INLINE T* as() const {
    return static_cast<T*>(const_cast<void*>(data));
  }
};

ConstView const_view(const Tensor& tensor);  // an undefined tensor gives an absent view
View view(Tensor& tensor);

}  // namespace candor
