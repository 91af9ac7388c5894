// Where an element lies in its tensor.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace candor::audit_internal {

/// Row-major index as one index for each dimension. An extent of 0, which only a made-up shape has beside an element,
/// counts as 1.
inline std::vector<std::int64_t> position_of(std::uint64_t index, const std::vector<std::int64_t>& shape) {
  std::vector<std::int64_t> position(shape.size());
  for (std::size_t d = shape.size(); d-- > 0;) {
    const auto extent = static_cast<std::uint64_t>(std::max<std::int64_t>(shape[d], 1));
    position[d] = static_cast<std::int64_t>(index % extent);
    index /= extent;
  }
  return position;
}

}  // namespace candor::audit_internal
