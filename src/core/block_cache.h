// Memory for owned storage: huge pages for large blocks, a small cache of freed small ones.
#pragma once

#include <cstddef>
#include <cstdint>

namespace candor::memory {

inline constexpr std::uint64_t kAlignment = 64;
inline constexpr std::uint64_t kLargeBlock = 4u << 20;   // from here on: own pages, huge ones if the system has them
inline constexpr std::uint64_t kCacheLimit = 16u << 20;  // bytes of freed small blocks that are kept

/// 64-byte aligned, contents undefined; nullptr when the system has none left. bytes > 0.
std::byte* take(std::uint64_t bytes);
/// Gives back what take(bytes) returned.
void give_back(std::byte* block, std::uint64_t bytes);

/// Bytes of freed blocks kept now; always 0 in sanitizer builds, which must see every allocation.
std::uint64_t cached_bytes();

}  // namespace candor::memory
