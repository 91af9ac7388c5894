// The only arithmetic that readers do on numbers that came out of a file: u64, and nothing instead of a wrapped result.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace candor::io {

constexpr std::optional<std::uint64_t> checked_add(std::uint64_t a, std::uint64_t b) {
  std::uint64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
  return sum;
}

constexpr std::optional<std::uint64_t> checked_mul(std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

/// The smallest multiple of `alignment` (not zero) that is not below `value`.
constexpr std::optional<std::uint64_t> checked_align(std::uint64_t value, std::uint64_t alignment) {
  const std::uint64_t rest = value % alignment;
  return rest == 0 ? std::optional(value) : checked_add(value, alignment - rest);
}

/// Product of extents; nothing when it, or any partial product of the non-zero extents, leaves i64. A zero extent does
/// not excuse an absurd one beside it.
constexpr std::optional<std::uint64_t> checked_elements(std::span<const std::int64_t> shape) {
  std::uint64_t product = 1;
  bool empty = false;
  for (const std::int64_t extent : shape) {
    if (extent < 0) return std::nullopt;
    if (extent == 0) {
      empty = true;
      continue;
    }
    const std::optional<std::uint64_t> next = checked_mul(product, static_cast<std::uint64_t>(extent));
    if (!next || *next > static_cast<std::uint64_t>(INT64_MAX)) return std::nullopt;
    product = *next;
  }
  return empty ? 0 : product;
}

}  // namespace candor::io
