// A tensor's bytes as TensorReader gives them, for work that may have to end in the middle of a large piece.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "candor/io.h"
#include "io/strided_gather.h"

namespace candor::io {

class InterruptibleReader {
 public:
  /// `tick` is called after each part of what is inflated whole or gathered from its strides: what it throws ends the
  /// reading. errors: TensorReader's (also of compressed data that are damaged), and what `tick` throws
  InterruptibleReader(const Checkpoint& checkpoint, const TensorEntry& entry, std::function<void()> tick);
  /// As TensorReader::next().
  std::span<const std::byte> next(std::uint64_t max_bytes);

 private:
  const std::byte* inflate(const Checkpoint& checkpoint, const TensorEntry& flat);

  std::function<void()> tick_;
  TensorReader reader_;                  // of what is not strided; keeps the file mapped in any case
  std::optional<StridedGather> gather_;  // of what is
  std::uint64_t left_ = 0, item_ = 1;    // bytes that it has not yet given, and of one element
  std::vector<std::byte> whole_, piece_;
};

}  // namespace candor::io
