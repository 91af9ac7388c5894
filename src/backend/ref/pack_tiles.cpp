#include <cstring>

#include "backend/ref/elements.h"
#include "backend/ref/kernels.h"
#include "core/packed.h"

namespace candor::ref {

void pack_tiles(const PackTiles& args, Stream&) {
  const std::int64_t n_extent = args.x.shape[0], k_extent = args.x.shape[1];
  const std::int64_t bytes = dtype_info(args.x.dtype).block_bytes;
  const std::int64_t padded = packed_tiles(n_extent) * packed_tile_stride(args.x.dtype, k_extent);
  const auto* from = args.x.as<std::byte>();
  auto* to = args.y.as<std::byte>();
  if (padded != 0) std::memset(to, 0, static_cast<std::size_t>(padded * bytes));
  for (std::int64_t n = 0; n < n_extent; ++n)
    for (std::int64_t k = 0; k < k_extent; ++k)
      std::memcpy(to + packed_index(args.x.dtype, k_extent, n, k) * bytes, from + element_index(args.x, n, k) * bytes,
                  static_cast<std::size_t>(bytes));
}

}  // namespace candor::ref
