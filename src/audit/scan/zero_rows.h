// Rows in which every value is zero: embeddings of words that were never seen.
#pragma once

#include <cstddef>
#include <cstdint>

#include "candor/dtype.h"

namespace candor::audit_internal {

/// Fed with a tensor's values from the start of a row on, in pieces of any size. Minus zero is zero.
class ZeroRows {
 public:
  /// `columns` is not 0.
  ZeroRows(DType dtype, std::uint64_t columns);
  void add(const std::byte* data, std::uint64_t elements);
  std::uint64_t count() const { return count_; }  // among the rows that are complete

 private:
  bool all_zero(const std::byte* data, std::uint64_t elements) const;

  std::uint64_t columns_, bytes_,
      mask_;               // mask_: eight bytes of values without their signs
  std::uint64_t missing_;  // elements of the row that was begun
  bool zero_ = true;       // it holds nothing else so far
  std::uint64_t count_ = 0;
};

}  // namespace candor::audit_internal
