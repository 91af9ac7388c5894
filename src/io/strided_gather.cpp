#include "io/strided_gather.h"

#include <algorithm>
#include <cstring>

namespace candor::io {
namespace {

/// A fixed width compiles to one load and one store.
template <std::size_t kBytes>
void copy_fixed(const std::byte* from, std::int64_t step_bytes, std::int64_t count, std::byte* out) {
  for (std::int64_t i = 0; i < count; ++i, out += kBytes) std::memcpy(out, from + i * step_bytes, kBytes);
}

void copy_run(const std::byte* from, std::int64_t step_bytes, std::int64_t count, std::size_t item, std::byte* out) {
  if (item == 1) return copy_fixed<1>(from, step_bytes, count, out);
  if (item == 2) return copy_fixed<2>(from, step_bytes, count, out);
  if (item == 4) return copy_fixed<4>(from, step_bytes, count, out);
  if (item == 8) return copy_fixed<8>(from, step_bytes, count, out);
  for (std::int64_t i = 0; i < count; ++i)
    std::memcpy(out + static_cast<std::size_t>(i) * item, from + i * step_bytes, item);
}

}  // namespace

StridedGather::StridedGather(const std::byte* first, std::vector<std::int64_t> shape, std::vector<std::int64_t> strides,
                             std::uint64_t item_bytes)
    : first_(first),
      shape_(std::move(shape)),
      strides_(std::move(strides)),
      item_bytes_(item_bytes),
      index_(shape_.size(), 0) {}

void StridedGather::next_row() {
  index_.back() = 0;
  for (std::size_t d = shape_.size() - 1; d-- > 0;) {
    row_ += strides_[d];
    if (++index_[d] < shape_[d]) return;
    row_ -= strides_[d] * shape_[d];
    index_[d] = 0;
  }
}

void StridedGather::take(std::byte* out, std::uint64_t count) {
  const std::int64_t item = static_cast<std::int64_t>(item_bytes_);
  while (count > 0) {
    const std::int64_t left = shape_.back() - index_.back();
    const std::int64_t run = std::min(left, static_cast<std::int64_t>(std::min<std::uint64_t>(count, INT64_MAX)));
    const std::byte* from = first_ + (row_ + index_.back() * strides_.back()) * item;
    copy_run(from, strides_.back() * item, run, item_bytes_, out);
    out += run * item;
    count -= static_cast<std::uint64_t>(run);
    index_.back() += run;
    if (index_.back() == shape_.back()) next_row();
  }
}

}  // namespace candor::io
