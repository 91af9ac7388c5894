#include <cstring>

#include "backend/ref/elements.h"
#include "backend/ref/kernels.h"

namespace candor::ref {

void copy(const Copy& args, Stream&) {
  const DTypeInfo& info = dtype_info(args.x.dtype);
  const auto* from = args.x.as<std::byte>();
  auto* to = args.y.as<std::byte>();
  for (std::int64_t r = 0; r < row_count(args.x); ++r)
    for (std::int64_t c = 0; c < row_length(args.x); c += info.block_elements) {  // a block moves as one unit
      const std::int64_t source = element_index(args.x, r, c) / info.block_elements * info.block_bytes;
      const std::int64_t target = element_index(args.y, r, c) / info.block_elements * info.block_bytes;
      std::memcpy(to + target, from + source, static_cast<std::size_t>(info.block_bytes));
    }
}

}  // namespace candor::ref
