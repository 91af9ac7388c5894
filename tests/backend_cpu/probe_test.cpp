// The probe of the memory: a rate, and no more memory than a receipt may cost.
#include "backend/cpu/probe/probe.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "backend/cpu/cpuid.h"
#include "backend/cpu/threads.h"

namespace candor::cpu {
namespace {

long resident_peak_kib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

TEST(Probe, ReadsFromMemoryInLittleMemory) {
  cpu_threads();  // the workers' stacks are not the probe's
  const long before = resident_peak_kib();
  EXPECT_GT(measure_read_bandwidth(0.01), 1e8);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer's own memory would be counted";
#endif
  EXPECT_LT(resident_peak_kib() - before, 48 * 1024) << "a receipt may cost 64 MiB beside the model";
}

TEST(Probe, PeaksOfTheArithmetic) {
  EXPECT_GT(measure_fma_peak(active_isa(), 0.01), 1e8);
  EXPECT_EQ(measure_dpbf16_peak(Isa::avx512, 0.01), 0);
}

}  // namespace
}  // namespace candor::cpu
