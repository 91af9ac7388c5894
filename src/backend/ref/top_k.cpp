#include <algorithm>
#include <cstring>
#include <numeric>

#include "backend/ref/elements.h"
#include "backend/ref/functions.h"
#include "backend/ref/kernels.h"

namespace candor::ref {
namespace {

// The values keep x's dtype, so their bits move.
void move_element(const ConstView& from, std::int64_t row, std::int64_t from_column, const View& to,
                  std::int64_t to_column) {
  const std::int64_t bytes = dtype_info(from.dtype).block_bytes;
  std::memcpy(to.as<std::byte>() + element_index(to, row, to_column) * bytes,
              from.as<std::byte>() + element_index(from, row, from_column) * bytes, static_cast<std::size_t>(bytes));
}

}  // namespace

void top_k(const TopK& args, Stream&) {
  const std::int64_t k = row_length(args.values);
  for (std::int64_t r = 0; r < row_count(args.x); ++r) {
    const Doubles row = load_row(args.x, r);  // [C]
    std::vector<std::size_t> order(row.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t i, std::size_t j) { return ranks_below(row[j], row[i]); });
    for (std::int64_t i = 0; i < k; ++i) {
      const std::size_t place = order[static_cast<std::size_t>(i)];
      move_element(args.x, r, static_cast<std::int64_t>(place), args.values, i);
      store_element(args.indices.dtype, args.indices.as<void>(), element_index(args.indices, r, i),
                    static_cast<double>(place));
    }
  }
}

}  // namespace candor::ref
