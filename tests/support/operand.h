// Operands of kernel tests: guarded, possibly unaligned, possibly strided memory with a view over it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "backend/ref/elements.h"
#include "core/view.h"
#include "support/fill.h"

namespace candor::test {

/// How an operand lies in memory.
struct Placement {
  std::int64_t row_gap = 0;        // unused elements after each row (of the last dimension)
  std::int64_t misaligned = 0;     // bytes past a 64-byte boundary: odd, as Tensor::from_storage allows
  Layout layout = Layout::strided;
};

/// Owns the operands of one case. Views stay valid for its lifetime.
class Workspace {
 public:
  /// Elements hold the poison pattern until something is written. Blocks ignore the gap (they are contiguous).
  View place(DType dtype, const std::vector<std::int64_t>& shape, const Placement& placement = {});
  /// `values` in row-major order, each rounded once to the dtype. Not for blocks.
  View make(DType dtype, const std::vector<std::int64_t>& shape, const Doubles& values,
            const Placement& placement = {});

  /// "" while every byte that is no element of `view` (guards, gaps between rows) still holds the poison.
  std::string damage(const ConstView& view) const;
  std::string damage() const;      // of every operand
  /// Of all bytes but those of the operands at `except`: what a kernel must leave as it was.
  std::uint64_t checksum(const std::vector<const void*>& except) const;

 private:
  struct Block {
    std::vector<std::byte> bytes;  // guard, elements, guard
    View view;
  };
  std::string damage(const Block& block) const;
  std::deque<Block> blocks_;
};

/// The elements' bytes in row-major order (packed layouts: the whole packed array).
std::vector<std::byte> element_bytes(const ConstView& view);

}  // namespace candor::test
