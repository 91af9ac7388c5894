#include <algorithm>
#include <cmath>

#include "backend/ref/elements.h"
#include "backend/ref/kernels.h"

namespace candor::ref {
namespace {

// One query against `keys` keys of one head. keys_of and values_of: rows of [Hkv, D] per position, this head's first.
Doubles attend(const Doubles& query, const double* keys_of, const double* values_of, std::int64_t position_stride,
               std::int64_t keys, double scale) {
  const auto dim = static_cast<std::int64_t>(query.size());
  Doubles weights(static_cast<std::size_t>(keys));         // [keys]
  for (std::int64_t s = 0; s < keys; ++s) {
    double score = 0;
    for (std::int64_t d = 0; d < dim; ++d) score += query[d] * keys_of[s * position_stride + d];
    weights[s] = score * scale;
  }
  const double largest = *std::max_element(weights.begin(), weights.end());
  double sum = 0;
  Doubles result(query.size(), 0.0);                       // [D]
  for (std::int64_t s = 0; s < keys; ++s) {
    const double weight = std::exp(weights[s] - largest);
    sum += weight;
    for (std::int64_t d = 0; d < dim; ++d) result[d] += weight * values_of[s * position_stride + d];
  }
  for (double& value : result) value /= sum;
  return result;
}

}  // namespace

void attention(const Attention& args, Stream&) {
  const std::int64_t queries = args.q.shape[1], heads = args.q.shape[2], dim = args.q.shape[3];
  const std::int64_t positions = args.k.shape[1], kv_heads = args.k.shape[2];
  const Doubles keys = load_all(args.k), values = load_all(args.v);  // [B, S, Hkv, D]
  for (std::int64_t b = 0; b < args.q.shape[0]; ++b)
    for (std::int64_t t = 0; t < queries; ++t) {
      const std::int64_t seen = args.causal ? positions - queries + t + 1 : positions;
      if (seen <= 0) continue;  // the op refuses a query that sees no key
      for (std::int64_t h = 0; h < heads; ++h) {
        const std::int64_t row = (b * queries + t) * heads + h;
        const std::int64_t first = (b * positions * kv_heads + h / (heads / kv_heads)) * dim;
        store_row(args.y, row, attend(load_row(args.q, row), keys.data() + first, values.data() + first,
                                      kv_heads * dim, seen, args.scale));
      }
    }
}

}  // namespace candor::ref
