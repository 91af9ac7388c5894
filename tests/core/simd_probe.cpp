#include "simd_probe.h"

#include <cpuid.h>

namespace candor::cpu {
namespace baseline { extern const test::SimdProbe kSimdProbe; }
namespace avx2 { extern const test::SimdProbe kSimdProbe; }
namespace avx512 { extern const test::SimdProbe kSimdProbe; }
namespace avx512bf16 { extern const test::SimdProbe kSimdProbe; }
}  // namespace candor::cpu

namespace candor::test {

const char* isa_level_name(int level) {
  constexpr const char* kNames[kIsaLevels] = {"baseline", "avx2", "avx512", "avx512bf16"};
  return kNames[level];
}

bool isa_level_runs(int level) {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  const bool has_f16c = __get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx & bit_F16C) != 0;
  const bool has_bf16 = __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) && (eax & 1u << 5) != 0;
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c;
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  const bool runs[kIsaLevels] = {true, avx2, avx512, avx512 && has_bf16};
  return runs[level];
}

const SimdProbe& simd_probe(int level) {
  constexpr const SimdProbe* kProbes[kIsaLevels] = {&cpu::baseline::kSimdProbe, &cpu::avx2::kSimdProbe,
                                                    &cpu::avx512::kSimdProbe, &cpu::avx512bf16::kSimdProbe};
  return *kProbes[level];
}

}  // namespace candor::test
