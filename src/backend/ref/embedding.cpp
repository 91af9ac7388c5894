#include <cstring>

#include "backend/ref/elements.h"
#include "backend/ref/kernels.h"

namespace candor::ref {
namespace {

// One row of the table, in its own dtype: bits move, whatever they mean.
void move_row(const ConstView& table, std::int64_t id, const View& y, std::int64_t row) {
  const auto bytes = static_cast<std::size_t>(dtype_info(y.dtype).block_bytes);
  for (std::int64_t c = 0; c < row_length(y); ++c)
    std::memcpy(y.as<std::byte>() + static_cast<std::size_t>(element_index(y, row, c)) * bytes,
                table.as<std::byte>() + static_cast<std::size_t>(element_index(table, id, c)) * bytes, bytes);
}

}  // namespace

void embedding(const Embedding& args, Stream&) {
  for (std::int64_t t = 0; t < args.ids.shape[0]; ++t) {
    const auto id = static_cast<std::int64_t>(load_element(args.ids.dtype, args.ids.data, t * args.ids.stride[0]));
    if (args.table.dtype == args.y.dtype) {
      move_row(args.table, id, args.y, t);
    } else {
      store_row(args.y, t, load_row(args.table, id));
    }
  }
}

}  // namespace candor::ref
