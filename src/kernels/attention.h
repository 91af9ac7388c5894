// Scaled dot-product attention with grouped key/value heads, in blocks of keys (online softmax).
//   a = q's dtype, b = dtype of k and v, out = y's dtype. Scores, softmax and sums in f32; P is not rounded.
//   Order of the sums (every x86 class, decode and prefill alike): keys in chunks of kAttentionChunk, each chunk in
//   blocks of kAttentionBlock; chunks are combined in rising order.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/view.h"
#include "kernels/error_model.h"

namespace candor {

inline constexpr std::int64_t kAttentionBlock = 64;   // keys between two updates of the running maximum
inline constexpr std::int64_t kAttentionChunk = 512;  // keys whose partial result is formed independently

struct Attention {
  static constexpr std::string_view name = "attention";
  static constexpr ErrorModel error = ErrorModel::attention;
  ConstView q;  // [B, T, H, D]    storage a, contiguous along D, D even
  ConstView k;  // [B, S, Hkv, D]  storage b, contiguous along D; H % Hkv == 0
  ConstView v;  // [B, S, Hkv, D]  storage b
  View y;       // [B, T, H, D]    storage out
  float scale = 1.0f;
  bool causal = true;  // query t sees keys 0 … S - T + t

  template <class V>
  void visit_inputs(V&& f) const {
    f(q);
    f(k);
    f(v);
  }
  template <class V>
  void visit_outputs(V&& f) const {
    f(y);
  }
  std::int64_t flops() const {
    const std::int64_t t = q.shape[1], s = k.shape[1];
    const std::int64_t pairs = causal ? t * (s - t) + t * (t + 1) / 2 : t * s;
    return 4 * q.shape[0] * q.shape[2] * q.shape[3] * pairs;
  }
};

}  // namespace candor
