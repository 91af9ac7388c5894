// A few kilobytes of a tensor at places that depend on its size only: with its histogram they tell tied tensors apart.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace candor::audit_internal {

/// The first and last 4 KiB and 64 evenly spaced pieces of 64 bytes. take() may be called by several threads at once
/// for different parts of the tensor, in any order.
class SampledBytes {
 public:
  explicit SampledBytes(std::uint64_t nbytes) {
    const std::uint64_t end = std::min(nbytes, kEnd), piece = std::min(nbytes, kPiece);
    place(0, end);
    for (std::uint64_t k = 0; k < kPieces; ++k) place((nbytes - piece) / (kPieces - 1) * k, piece);
    place(nbytes - end, end);
    bytes_.resize(used_);
  }

  /// `data`: the tensor's bytes from `offset` on.
  void take(const std::byte* data, std::uint64_t offset, std::uint64_t bytes) {
    for (const Place& place : places_) {
      const std::uint64_t begin = std::max(place.offset, offset);
      const std::uint64_t end = std::min(place.offset + place.bytes, offset + bytes);
      if (begin < end)
        std::memcpy(bytes_.data() + place.at + (begin - place.offset), data + (begin - offset), end - begin);
    }
  }
  const std::vector<std::byte>& bytes() const { return bytes_; }

 private:
  static constexpr std::uint64_t kEnd = 4096, kPiece = 64, kPieces = 64;
  struct Place {
    std::uint64_t offset, bytes, at;  // in the tensor; in bytes_
  };
  void place(std::uint64_t offset, std::uint64_t bytes) {
    places_.push_back({offset, bytes, used_});
    used_ += bytes;
  }

  std::vector<Place> places_;
  std::uint64_t used_ = 0;
  std::vector<std::byte> bytes_;
};

}  // namespace candor::audit_internal
