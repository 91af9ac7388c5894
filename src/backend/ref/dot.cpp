#include "backend/ref/dot.h"

namespace candor::ref {

Doubles linear(const ConstView& x, const ConstView& weight, const ConstView& bias) {
  const std::int64_t m_extent = x.shape[0], k_extent = x.shape[1], n_extent = weight.shape[0];
  const Doubles rows = load_all(x);                                            // [M, K]
  const Doubles offsets = bias.present() ? load_all(bias) : Doubles();         // [N]
  Doubles y(static_cast<std::size_t>(m_extent * n_extent));                    // [M, N]
  for (std::int64_t n = 0; n < n_extent; ++n) {
    const Doubles column = load_row(weight, n);                                // [K]
    for (std::int64_t m = 0; m < m_extent; ++m) {
      double sum = 0;
      for (std::int64_t k = 0; k < k_extent; ++k) sum += rows[m * k_extent + k] * column[k];
      y[m * n_extent + n] = offsets.empty() ? sum : sum + offsets[n];
    }
  }
  return y;
}

}  // namespace candor::ref
