// GGUF's Llama files store the rows of Q and K in another order than Hugging Face's.
#pragma once

#include <cstddef>
#include <cstdint>

#include "candor/io.h"

namespace candor::audit_internal::comparison {

/// Where B has the rows of A. The rows of a head are two halves, [H, 2, D/2], in Hugging Face's files; GGUF's have a
/// row of each in turn, [H, D/2, 2].
struct RowOrder {
  std::uint64_t head = 0;  // D; 0: the same order in both
  bool interleaved_b = false;

  std::uint64_t row_in_b(std::uint64_t row_in_a) const;
  /// True when this entry of B has whole heads, and rows that can be read one by one.
  bool fits(const TensorEntry& entry) const;
  /// Place in B, which it fits, of element `index` of A.
  std::uint64_t element_in_b(const TensorEntry& entry, std::uint64_t index) const;
};

/// As the metadata of that one of both which is a GGUF file states the heads; head is 0 where nothing does.
RowOrder row_order(const Checkpoint& a, const Checkpoint& b);

/// Copies the elements of B that belong to `count` elements of A from `first` on; whole blocks. `bytes`: B's first.
void gather_rows(const RowOrder& order, const TensorEntry& entry, const std::byte* bytes, std::uint64_t first,
                 std::uint64_t count, std::byte* out);

}  // namespace candor::audit_internal::comparison
