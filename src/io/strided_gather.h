// Elements of a strided tensor in row-major order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace candor::io {

class StridedGather {
 public:
  /// `first`: the element at index 0, …, 0. The shape has no extent of 0; all of it lies in the mapped bytes. Strides
  /// of extents of 1 count in between: they are 0 (drop_idle_strides) or small.
  StridedGather(const std::byte* first, std::vector<std::int64_t> shape, std::vector<std::int64_t> strides,
                std::uint64_t item_bytes);

  /// Writes the next `count` elements to `out`; the caller asks for no more than there are.
  void take(std::byte* out, std::uint64_t count);

 private:
  void next_row();  // advances the index above the last dimension

  const std::byte* first_;
  std::vector<std::int64_t> shape_, strides_;
  std::uint64_t item_bytes_;
  std::vector<std::int64_t> index_;
  std::int64_t row_ = 0;  // element where the current row of the last dimension begins
};

}  // namespace candor::io
