// Rows in which every value is zero: embeddings of words that were never seen.
#pragma once

#include <cstddef>
#include <cstdint>

#include "candor/dtype.h"

namespace candor::audit_internal {

/// Fed with a tensor's values in order, in pieces of any size, from any of them on; several of these join to what one
/// would have counted. Minus zero is zero.
class ZeroRows {
 public:
  /// `columns` is not 0; `first`: the index in the tensor of what is added first.
  ZeroRows(DType dtype, std::uint64_t columns, std::uint64_t first = 0);
  void add(const std::byte* data, std::uint64_t elements);
  /// Joins what was counted of the elements behind these.
  void append(const ZeroRows& next);
  std::uint64_t count() const;  // among the rows that are complete

 private:
  bool all_zero(const std::byte* data, std::uint64_t elements) const;
  void end_row(bool zero);

  std::uint64_t columns_, bytes_,
      mask_;                 // mask_: eight bytes of values without their signs
  std::uint64_t missing_;    // elements of the row that was begun
  bool from_start_;          // the first row is seen from its first element on
  bool ended_ = false;       // an end of a row was seen
  bool first_zero_ = false;  // what was seen of the row that ended first is zero
  bool zero_ = true;         // the row that was begun holds nothing else so far
  std::uint64_t count_ = 0;  // behind the row that ended first
};

}  // namespace candor::audit_internal
