// The conversions and the fused multiply-add of src/backend/cpu/simd/, one table of plain functions per ISA level, so
// that tests can call each. Compiled with per-ISA flags: no standard library here.
#pragma once

#include <cstdint>

namespace candor::test {

struct SimdProbe {
  // `count` is a multiple of 16; with `flush` the thread runs with FTZ and DAZ, as matmul and attention do.
  void (*store_bf16)(const float* x, std::uint16_t* y, std::int64_t count, bool flush);
  void (*store_f16)(const float* x, std::uint16_t* y, std::int64_t count, bool flush);
  void (*load_bf16)(const std::uint16_t* x, float* y, std::int64_t count, bool flush);
  void (*load_f16)(const std::uint16_t* x, float* y, std::int64_t count, bool flush);
  void (*load_bf16_pairs)(const std::uint32_t* x, float* even, float* odd, std::int64_t count, bool flush);
  void (*load_i8)(const std::int8_t* x, float* y, std::int64_t count);
  void (*load_nibbles)(const std::uint8_t* x, float* low, float* high, std::int64_t count);
  void (*round_even)(const float* x, float* y, std::int64_t count);
  void (*fma)(const float* a, const float* b, const float* c, float* y, std::int64_t count, bool flush);
  /// y += pairs · broadcast[i / 16] with VDPBF16PS; nullptr at levels without it.
  void (*dot_pairs)(const std::uint32_t* pairs, const std::uint32_t* broadcast, float* y, std::int64_t count);
};

inline constexpr int kIsaLevels = 4;

/// "baseline", "avx2", "avx512", "avx512bf16".
const char* isa_level_name(int level);
/// Whether this processor runs it.
bool isa_level_runs(int level);
const SimdProbe& simd_probe(int level);

}  // namespace candor::test
