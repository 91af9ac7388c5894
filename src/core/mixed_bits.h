// Draws that depend on a number and on nothing else.
#pragma once

#include <cstdint>

namespace candor {

// Of SplitMix64: odd, and near 2^64 over the golden ratio.
inline constexpr std::uint64_t kMixStep = 0x9e3779b97f4a7c15u;

/// SplitMix64's finaliser (Steele, Lea, Flood 2014): every bit of the result depends on all of `z`.
constexpr std::uint64_t mixed_bits(std::uint64_t z) {
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

}  // namespace candor
