// A 64-bit hash of bytes: FNV-1a (Fowler, Noll, Vo 1991).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace candor::prove {

inline constexpr std::uint64_t kEmptyHash = 0xcbf29ce484222325u;

/// The hash of what `hash` is of, followed by these bytes.
inline std::uint64_t hashed(std::span<const std::byte> bytes, std::uint64_t hash = kEmptyHash) {
  for (const std::byte byte : bytes) hash = (hash ^ static_cast<std::uint64_t>(byte)) * 0x100000001b3u;
  return hash;
}
inline std::uint64_t hashed(std::string_view text, std::uint64_t hash = kEmptyHash) {
  return hashed(std::as_bytes(std::span(text)), hash);
}

}  // namespace candor::prove
