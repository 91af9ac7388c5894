// Dequantised weights in a wide coat: blocks that have few different codes and lie on a lattice.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "audit/code_value.h"
#include "audit/load.h"
#include "audit/sampled_pages.h"
#include "candor/audit.h"
#include "candor/dtype.h"

namespace candor::audit_internal {

/// A tensor, or a contiguous part of one that begins at a row, for random access.
struct TensorSlice {
  const std::byte* data = nullptr;
  DType dtype = DType::any;             // bf16, f16, f32, f64
  std::uint64_t rows = 1, columns = 0;  // the last dimension is `columns`; 1-d: one row
  SampledPages* pages = nullptr;        // told of every value that is read, where too much would be mapped

  std::uint64_t elements() const { return rows * columns; }
  double at(std::uint64_t row, std::uint64_t column) const { return code_value(dtype, code(row, column)); }
  std::uint64_t code(std::uint64_t row, std::uint64_t column) const {  // the bits
    const std::uint64_t index = row * columns + column;
    switch (dtype) {
      case DType::f64:
        return read<std::uint64_t>(index);
      case DType::f32:
        return read<std::uint32_t>(index);
      default:
        return read<std::uint16_t>(index);
    }
  }
  template <class Code>
  Code read(std::uint64_t index) const {
    const std::byte* place = data + index * sizeof(Code);
    if (pages != nullptr) pages->touch(place);
    return load<Code>(place);
  }
};

struct BlockEvidence {
  std::vector<AuditDistinct> distinct;    // sampled blocks, by size and axis
  std::vector<AuditBlockScheme> schemes;  // that fit, best first; empty: none does
  std::uint64_t sampled = 0;              // blocks that were looked at, of all sizes
  std::optional<std::uint64_t> first;     // element that begins a block which fits the first scheme; not in files
};

/// Looks at about a thousand evenly spaced blocks of each candidate size, along rows and along columns.
BlockEvidence examine_blocks(const TensorSlice& tensor);

}  // namespace candor::audit_internal
