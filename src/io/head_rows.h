// The two orders in which files have the rows of a head of Q and K: two halves, [2, D/2], in Hugging Face's; a row of
// each in turn, [D/2, 2], in GGUF's Llama files.
#pragma once

#include <cstdint>

namespace candor::io {

/// Where row `row` of halves stands when they are interleaved. `head`: D, even; rows of all heads count on.
inline std::uint64_t interleaved_row(std::uint64_t row, std::uint64_t head) {
  const std::uint64_t within = row % head, half = head / 2;
  return row - within + within % half * 2 + within / half;
}

/// Where interleaved row `row` stands among halves.
inline std::uint64_t halves_row(std::uint64_t row, std::uint64_t head) {
  const std::uint64_t within = row % head, half = head / 2;
  return row - within + within % 2 * half + within / 2;
}

}  // namespace candor::io
