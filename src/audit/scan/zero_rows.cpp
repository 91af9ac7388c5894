#include "audit/scan/zero_rows.h"

#include <algorithm>
#include <cstring>

#include "audit/load.h"

namespace candor::audit_internal {
namespace {

std::uint64_t magnitude_mask(DType dtype) {
  switch (dtype) {
    case DType::f64:
      return 0x7fffffffffffffffu;
    case DType::f32:
      return 0x7fffffff7fffffffu;
    case DType::f16:
    case DType::bf16:
      return 0x7fff7fff7fff7fffu;
    case DType::f8_e4m3:
    case DType::f8_e5m2:
      return 0x7f7f7f7f7f7f7f7fu;
    default:
      return ~std::uint64_t{0};
  }
}

}  // namespace

ZeroRows::ZeroRows(DType dtype, std::uint64_t columns, std::uint64_t first)
    : columns_(columns),
      bytes_(static_cast<std::uint64_t>(dtype_info(dtype).block_bytes)),
      mask_(magnitude_mask(dtype)),
      missing_(columns - first % columns),
      from_start_(first % columns == 0) {}

bool ZeroRows::all_zero(const std::byte* data, std::uint64_t elements) const {
  const std::uint64_t bytes = elements * bytes_;
  std::uint64_t i = 0;
  for (; i + 64 <= bytes; i += 64) {
    std::uint64_t any = 0;
    for (std::uint64_t k = 0; k < 64; k += 8) any |= load<std::uint64_t>(data + i + k);
    if ((any & mask_) != 0) return false;
  }
  for (; i + 8 <= bytes; i += 8)
    if ((load<std::uint64_t>(data + i) & mask_) != 0) return false;
  std::uint64_t rest = 0;
  std::memcpy(&rest, data + i, bytes - i);
  return (rest & mask_) == 0;
}

void ZeroRows::add(const std::byte* data, std::uint64_t elements) {
  while (elements > 0) {
    const std::uint64_t n = std::min(elements, missing_);
    zero_ = zero_ && all_zero(data, n);
    data += n * bytes_;
    elements -= n;
    missing_ -= n;
    if (missing_ > 0) return;
    end_row(zero_);
    missing_ = columns_;
    zero_ = true;
  }
}

void ZeroRows::end_row(bool zero) {
  if (ended_)
    count_ += zero ? 1 : 0;
  else
    first_zero_ = zero;
  ended_ = true;
}

void ZeroRows::append(const ZeroRows& next) {
  if (!next.ended_) {
    zero_ = zero_ && next.zero_;
    return;
  }
  end_row(zero_ && next.first_zero_);
  count_ += next.count_;
  zero_ = next.zero_;
}

std::uint64_t ZeroRows::count() const { return count_ + (from_start_ && ended_ && first_zero_ ? 1 : 0); }

}  // namespace candor::audit_internal
