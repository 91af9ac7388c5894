// Plain loops: what anyone would write first in the same precision. Storage-rounded inputs, f32 arithmetic in order,
// one rounding to the result. A kernel whose error is more than twice theirs is not good enough.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "backend/ref/elements.h"
#include "candor/op_kinds.h"

namespace candor::test::plain {

using Floats = std::vector<float>;

inline Floats load(const ConstView& view) {
  Floats values;
  for (const double value : ref::load_all(view)) values.push_back(static_cast<float>(value));
  return values;
}

inline void store(const View& view, const Floats& values) {
  ref::store_all(view, ref::Doubles(values.begin(), values.end()));
}

/// x [M, K] · weight [N, K]ᵀ + bias [N], row-major.
inline Floats linear(const ConstView& x, const ConstView& weight, const ConstView& bias) {
  const std::int64_t m_extent = x.shape[0], k_extent = x.shape[1], n_extent = weight.shape[0];
  const Floats rows = load(x), columns = load(weight), offsets = bias.present() ? load(bias) : Floats();
  Floats y(static_cast<std::size_t>(m_extent * n_extent));
  for (std::int64_t m = 0; m < m_extent; ++m)
    for (std::int64_t n = 0; n < n_extent; ++n) {
      float sum = 0;
      for (std::int64_t k = 0; k < k_extent; ++k) sum += rows[m * k_extent + k] * columns[n * k_extent + k];
      y[m * n_extent + n] = offsets.empty() ? sum : sum + offsets[n];
    }
  return y;
}

inline float silu(float x) { return x / (1.0f + std::exp(-x)); }
inline float gelu_tanh(float x) { return 0.5f * x * (1.0f + std::tanh(0.7978845608f * (x + 0.044715f * x * x * x))); }
inline float gelu_erf(float x) { return 0.5f * x * (1.0f + std::erf(x * 0.7071067812f)); }

inline float activate(Activation activation, float x) {
  switch (activation) {
    case Activation::identity: return x;
    case Activation::relu: return x < 0.0f ? 0.0f : x;
    case Activation::silu: return silu(x);
    case Activation::gelu_tanh: return gelu_tanh(x);
    case Activation::gelu_erf: return gelu_erf(x);
  }
  return x;
}

/// x + residual, stored, and what is read back; x itself without a residual.
template <class Op> Floats summed(const Op& args) {
  Floats values = load(args.x);
  if (!args.residual.present()) return values;
  const Floats residual = load(args.residual);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] += residual[i];
  store(args.sum, values);
  return load(args.sum);
}

}  // namespace candor::test::plain
