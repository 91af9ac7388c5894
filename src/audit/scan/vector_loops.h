// The loops over f32 values that need no counters: compiled for each instruction set that makes vectors of them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace candor::audit_internal {

inline constexpr std::size_t kCellGroup = 64;  // values

/// cells[i] = exponent field * 32 + trailing zeros of the significand, 23 where no bit of the mantissa is set.
/// most[g]: the largest number of trailing zeros among the values of group g. `groups` * kCellGroup values.
void significand_cells(const std::byte* values, std::size_t groups, std::uint16_t* cells, std::uint16_t* most);

/// Sum of the squares, not finite when a value is not. The additions' order depends on `elements` alone: it is the same
/// with every instruction set.
double sum_squares(const std::byte* values, std::size_t elements);

// The same with one instruction set each, in inst/vector_loops.cpp; all give the same.
#define CANDOR_DECLARE_LOOPS(isa)                                                                                 \
  namespace isa {                                                                                                 \
  void significand_cells(const std::byte* values, std::size_t groups, std::uint16_t* cells, std::uint16_t* most); \
  double sum_squares(const std::byte* values, std::size_t elements);                                              \
  }
CANDOR_DECLARE_LOOPS(baseline)
CANDOR_DECLARE_LOOPS(avx2)
CANDOR_DECLARE_LOOPS(avx512)
#undef CANDOR_DECLARE_LOOPS

}  // namespace candor::audit_internal
