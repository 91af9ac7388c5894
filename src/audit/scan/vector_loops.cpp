#include "audit/scan/vector_loops.h"

#include <cpuid.h>

namespace candor::audit_internal {
namespace {

struct Loops {
  decltype(&baseline::significand_cells) cells = baseline::significand_cells;
  decltype(&baseline::sum_squares) squares = baseline::sum_squares;
};

/// The avx2 object is compiled for F16C too, which Clang 14 cannot ask about by name.
bool has_f16c() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_F16C) != 0;
}

Loops choose() {
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
    return {avx512::significand_cells, avx512::sum_squares};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c())
    return {avx2::significand_cells, avx2::sum_squares};
  return {};
}

const Loops kLoops = choose();

}  // namespace

void significand_cells(const std::byte* values, std::size_t groups, std::uint16_t* cells, std::uint16_t* most) {
  kLoops.cells(values, groups, cells, most);
}

double sum_squares(const std::byte* values, std::size_t elements) { return kLoops.squares(values, elements); }

}  // namespace candor::audit_internal
