#include <algorithm>
#include <numeric>

#include "backend/ref/elements.h"
#include "backend/ref/kernels.h"

namespace candor::ref {

void top_k(const TopK& args, Stream&) {
  const auto k = static_cast<std::size_t>(row_length(args.values));
  for (std::int64_t r = 0; r < row_count(args.x); ++r) {
    const Doubles row = load_row(args.x, r);               // [C]
    std::vector<std::size_t> order(row.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return row[i] > row[j]; });
    Doubles values(k), indices(k);
    for (std::size_t i = 0; i < k; ++i) {
      values[i] = row[order[i]];
      indices[i] = static_cast<double>(order[i]);
    }
    store_row(args.values, r, values);
    store_row(args.indices, r, indices);
  }
}

}  // namespace candor::ref
