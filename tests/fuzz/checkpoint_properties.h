// What must hold for every header that a reader accepts, whatever its bytes were.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "candor/io.h"
#include "io/strided_gather.h"

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

/// Reads every element of a strided tensor in its order: sanitizers see what lies outside, and what overflows.
inline void gather(const TensorEntry& entry, std::uint64_t elements, const std::uint8_t* data) {
  constexpr std::uint64_t kMost = 1u << 20;  // of one tensor: strides of 0 make many bytes of few
  if (entry.strides.empty() || entry.nbytes > kMost) return;
  std::vector<std::byte> out(entry.nbytes);
  const std::byte* first = reinterpret_cast<const std::byte*>(data) + entry.offset;
  io::StridedGather(first, entry.shape, entry.strides, entry.nbytes / elements).take(out.data(), elements);
}

/// Ends the process when an accepted tensor that may be strided or tied leaves the file, or has another size than it
/// says. Touches its elements: sanitizers see what lies outside.
inline void check_strided_tensors(const std::vector<TensorEntry>& tensors, const std::uint8_t* data,
                                  std::uint64_t size) {
  volatile std::uint8_t sink = 0;
  for (const TensorEntry& entry : tensors) {
    std::uint64_t elements = 1, last = 0;
    if (!entry.strides.empty() && entry.strides.size() != entry.shape.size()) std::abort();
    for (std::size_t i = 0; i < entry.shape.size(); ++i) {
      if (entry.shape[i] < 0) std::abort();
      if (__builtin_mul_overflow(elements, static_cast<std::uint64_t>(entry.shape[i]), &elements)) std::abort();
      if (!entry.strides.empty()) last += static_cast<std::uint64_t>((entry.shape[i] - 1) * entry.strides[i]);
    }
    if (entry.dtype != DType::any && dtype_bytes(entry.dtype, elements) != entry.nbytes) std::abort();
    if (entry.nbytes == 0) continue;
    const std::uint64_t item = entry.dtype == DType::any ? 1 : entry.nbytes / elements;
    const std::uint64_t span = entry.strides.empty() ? entry.nbytes : (last + 1) * item;
    if (entry.offset > size || span > size - entry.offset) std::abort();
    sink = sink ^ data[entry.offset] ^ data[entry.offset + span - 1];
    gather(entry, elements, data);
  }
}

/// A checkpoint of the bytes as a file: every element of every tensor is read, twice and in other pieces, and must be
/// the same. FormatErrors are what damaged files are for.
inline void read_everything(const Checkpoint& checkpoint) {
  constexpr std::uint64_t kMost = 4u << 20;  // of one tensor: a few bytes may deflate a lot
  for (const TensorEntry& entry : checkpoint.tensors()) {
    if (entry.nbytes > kMost) continue;
    std::vector<std::byte> whole;
    TensorReader reader(checkpoint, entry), again(checkpoint, entry);
    for (auto piece = reader.next(65536); !piece.empty(); piece = reader.next(65536))
      whole.insert(whole.end(), piece.begin(), piece.end());
    if (whole.size() != entry.nbytes) std::abort();
    std::size_t done = 0;
    for (auto piece = again.next(4099); !piece.empty(); done += piece.size(), piece = again.next(4099))
      if (!std::equal(piece.begin(), piece.end(), whole.begin() + static_cast<std::ptrdiff_t>(done))) std::abort();
  }
}

}  // namespace candor::fuzz
