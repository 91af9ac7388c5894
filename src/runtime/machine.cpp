// include/candor/machine.h: what this machine and this build are.
#include "candor/machine.h"

#include <unistd.h>

#include "backend/cpu/cpuid.h"
#include "backend/cpu/probe/probe.h"
#include "backend/cpu/threads.h"
#include "kernels/registry.h"
#include "runtime/build_info.h"
#include "runtime/environment.h"

namespace candor {

MachineInfo machine_info() {
  apply_environment();
  return {.cpu_model = cpu::cpu_model(),
          .best_isa = std::string(isa_name(cpu::detect_isa())),
          .active_isa = std::string(isa_name(cpu::active_isa())),
          .features = cpu::cpu_features(),
          .cores = cpu::available_cores(),
          .threads = cpu::cpu_threads(),
          .memory_bytes =
              static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)),
          .version = CANDOR_VERSION,
          .build_hash = CANDOR_BUILD_HASH,
          .compiler = CANDOR_COMPILER};
}

void set_threads(int workers) {
  apply_environment();
  cpu::set_cpu_threads(workers);
}

int threads() {
  apply_environment();
  return cpu::cpu_threads();
}

Ceilings measure_ceilings(double seconds_each) {
  apply_environment();
  const Isa isa = cpu::active_isa();
  return {.read_bytes_per_second = cpu::measure_read_bandwidth(seconds_each),
          .fma_flops_per_second = cpu::measure_fma_peak(isa, seconds_each),
          .dpbf16_flops_per_second = cpu::measure_dpbf16_peak(isa, seconds_each)};
}

}  // namespace candor
