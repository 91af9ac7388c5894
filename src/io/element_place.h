// Where a checkpoint's elements lie.
#pragma once

#include <cstdint>

#include "candor/io.h"

namespace candor::io {

/// Offset in its file of element `index`, row-major, or of the block that holds it; of compressed data, where those
/// begin.
inline std::uint64_t offset_in_file(const TensorEntry& entry, std::uint64_t index) {
  if (entry.compressed) return entry.offset;
  std::uint64_t place = entry.strides.empty() ? index : 0;
  for (std::size_t d = entry.strides.size(); d-- > 0;) {
    const auto extent = static_cast<std::uint64_t>(entry.shape[d]);
    place += index % extent * static_cast<std::uint64_t>(entry.strides[d]);
    index /= extent;
  }
  const DTypeInfo& info = dtype_info(entry.dtype);
  const auto block = static_cast<std::uint64_t>(info.block_elements);
  return entry.offset + place / block * static_cast<std::uint64_t>(info.block_bytes);
}

}  // namespace candor::io
