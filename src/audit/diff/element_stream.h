// A tensor's elements in order, as many at a time as are asked for.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "candor/io.h"

namespace candor::audit_internal::comparison {

/// True when the file has the elements side by side: any part can be read at once.
inline bool in_place(const TensorEntry& entry) { return entry.strides.empty() && !entry.compressed; }

/// The entry [r, c] as [c, r], with rows and columns exchanged; of scalars of whole bytes.
TensorEntry transposed(const TensorEntry& entry);

class ElementStream {
 public:
  ElementStream(const Checkpoint& checkpoint, const TensorEntry& entry);
  /// The next `bytes` of whole elements, which are there. Valid until the next call.
  /// errors: FormatError (compressed data that are damaged or too short)
  const std::byte* next(std::uint64_t bytes);

 private:
  const TensorEntry& entry_;
  const std::byte* mapped_ = nullptr;
  std::unique_ptr<TensorReader> reader_;
  std::vector<std::byte> buffer_;
  std::size_t used_ = 0;  // bytes of the buffer that were given out
};

/// Of all bytes in row-major order.
std::uint64_t content_hash(const Checkpoint& checkpoint, const TensorEntry& entry);
/// Both have the same bytes in row-major order; reads no further than the first difference.
bool same_bytes(const Checkpoint& checkpoint_a, const TensorEntry& a, const Checkpoint& checkpoint_b,
                const TensorEntry& b);

}  // namespace candor::audit_internal::comparison
