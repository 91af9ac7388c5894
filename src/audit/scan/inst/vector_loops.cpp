// The loops of vector_loops.h, once for each instruction set: levels 0, 1 and 2 of cmake/isa.cmake. No inline function
// of a shared header may be used here: the linker could keep this copy for every processor.
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "audit/scan/vector_loops.h"

#if CANDOR_ISA_LEVEL == 2
#include <immintrin.h>
#endif

#if CANDOR_ISA_LEVEL == 0
#define CANDOR_LOOPS baseline
#elif CANDOR_ISA_LEVEL == 1
#define CANDOR_LOOPS avx2
#else
#define CANDOR_LOOPS avx512
#endif

namespace candor::audit_internal::CANDOR_LOOPS {
namespace {

// Sums of squares: eight lanes in four turns, or each addition would wait for the one before it. They meet in a fixed
// tree. GCC 12 keeps vectors that are longer than a register in memory, so each instruction set has its own.
constexpr std::size_t kLanes = 8, kTurns = 4;
constexpr std::size_t kVector = std::size_t{2} << CANDOR_ISA_LEVEL, kVectors = kTurns * kLanes / kVector;
using Doubles = double __attribute__((vector_size(8 * kVector)));

/// Values of f32. GCC 12 makes two conversions and a merge of its own builtin where AVX-512 has one instruction.
Doubles widened(const std::byte* values) {
#if CANDOR_ISA_LEVEL == 2
  return _mm512_cvtps_pd(_mm256_loadu_ps(reinterpret_cast<const float*>(values)));
#else
  float __attribute__((vector_size(4 * kVector))) singles;
  std::memcpy(&singles, values, sizeof singles);
  return __builtin_convertvector(singles, Doubles);
#endif
}

}  // namespace

void significand_cells(const std::byte* values, std::size_t groups, std::uint16_t* cells, std::uint16_t* most) {
  for (std::size_t group = 0; group < groups; ++group) {
    std::int16_t largest = 0;
    for (std::size_t i = 0; i < kCellGroup; ++i) {
      std::uint32_t bits;
      std::memcpy(&bits, values + (group * kCellGroup + i) * 4, sizeof bits);
      const std::uint32_t significand = bits | 0x800000u;
      const auto lowest = static_cast<std::int32_t>(significand & (0u - significand) & 0xffffffu);
      // A power of two as f32 has its logarithm in its exponent field: vectors have no instruction that counts zeros.
      const std::uint32_t zeros = (__builtin_bit_cast(std::uint32_t, static_cast<float>(lowest)) >> 23) - 127;
      cells[group * kCellGroup + i] = static_cast<std::uint16_t>((bits >> 18 & 0x1fe0u) + zeros);
      const auto of_value = static_cast<std::int16_t>(zeros);
      largest = largest < of_value ? of_value : largest;
    }
    most[group] = static_cast<std::uint16_t>(largest);
  }
}

double sum_squares(const std::byte* values, std::size_t elements) {
  Doubles sums[kVectors] = {};
  std::size_t i = 0;
  for (; i + kTurns * kLanes <= elements; i += kTurns * kLanes)
    for (std::size_t v = 0; v < kVectors; ++v) {
      const Doubles x = widened(values + (i + v * kVector) * 4);
      sums[v] += x * x;
    }
  double lanes[kLanes];
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    const auto of_turn = [&](std::size_t turn) {
      return sums[(turn * kLanes + lane) / kVector][(turn * kLanes + lane) % kVector];
    };
    lanes[lane] = (of_turn(0) + of_turn(1)) + (of_turn(2) + of_turn(3));
  }
  double sum = ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]));
  for (; i < elements; ++i) {
    float single;
    std::memcpy(&single, values + i * 4, sizeof single);
    const double x = single;
    sum += x * x;
  }
  return sum;
}

}  // namespace candor::audit_internal::CANDOR_LOOPS
