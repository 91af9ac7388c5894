// What must hold for every header that a reader accepts, whatever its bytes were.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "candor/io.h"

namespace candor::fuzz {

/// Ends the process when an accepted tensor leaves the file, overlaps its predecessor or has another size than it says.
inline void check_tensors(const std::vector<TensorEntry>& tensors, const std::uint8_t* data, std::uint64_t size) {
  volatile std::uint8_t sink = 0;
  std::uint64_t previous_end = 0;
  for (const TensorEntry& entry : tensors) {
    if (entry.offset > size || entry.nbytes > size - entry.offset) std::abort();
    if (entry.offset < previous_end) std::abort();
    previous_end = entry.offset + entry.nbytes;
    std::uint64_t elements = 1;
    for (const std::int64_t extent : entry.shape) {
      if (extent < 0) std::abort();
      if (__builtin_mul_overflow(elements, static_cast<std::uint64_t>(extent), &elements)) std::abort();
    }
    if (entry.dtype != DType::any && dtype_bytes(entry.dtype, elements) != entry.nbytes) std::abort();
    if (entry.nbytes > 0) sink = sink ^ data[entry.offset] ^ data[entry.offset + entry.nbytes - 1];
  }
}

}  // namespace candor::fuzz
