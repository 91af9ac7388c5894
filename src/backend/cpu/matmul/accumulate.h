// The innermost step of every matmul: sums[R rows][C tiles of 16 lanes] += x panel · tiles, in the one order of DESIGN
// §5. Described here without an ISA; accumulate-inl.h is the one implementation, instantiated per tile format and ISA.
#pragma once

#include <cstddef>
#include <cstdint>

namespace candor::cpu {

/// Words (4 bytes) of one panel row that a chunk of K fills: one f32 each, or one bf16 pair for VDPBF16PS.
inline constexpr std::int64_t kChunkWords = 128;
/// Words between panel rows: a constant, so that rows are reached by displacement; off the powers of two.
inline constexpr std::int64_t kPanelStride = kChunkWords + 16;

struct AccumulateArgs {
  const void* x;             // panel: row r starts at word r · kPanelStride; the missing half of an odd K is zero
  const std::byte* tiles;    // first tile
  std::int64_t tile_stride;  // bytes between tiles
  std::int64_t pairs;        // whole pairs of k
  bool half_pair;            // one more k, whose odd partner is missing
  bool first;                // sums start at +0, not at what memory holds
  int rows, tiles_count;     // R, C: has_shape(rows, tiles_count)
  float* sums;               // [R][C][16]
};

using Accumulate = void (*)(const AccumulateArgs& args);

// inst/accumulate_*.cpp: f32 panels against tiles of the named format.
#define CANDOR_DECLARE_ACCUMULATE(isa)              \
  namespace isa {                                   \
  void accumulate_f32(const AccumulateArgs& args);  \
  void accumulate_f16(const AccumulateArgs& args);  \
  void accumulate_bf16(const AccumulateArgs& args); \
  }
CANDOR_DECLARE_ACCUMULATE(baseline)
CANDOR_DECLARE_ACCUMULATE(avx2)
CANDOR_DECLARE_ACCUMULATE(avx512)
#undef CANDOR_DECLARE_ACCUMULATE

}  // namespace candor::cpu
