// The composition root: the only place that names concrete backends.
#include <array>

#include "backend/cpu/cpuid.h"
#include "backend/cpu/kernel_table.h"
#include "backend/cpu/threads.h"
#include "backend/ref/kernel_table.h"
#include "backend/ref/serial_stream.h"
#include "kernels/registry.h"
#include "runtime/environment.h"

namespace candor {
namespace {
Isa any_isa() { return Isa::any; }
}  // namespace

std::span<const Backend> installed_backends() {
  apply_environment();
  static const RowIndex cpu_index(cpu::kernel_rows());
  static const std::array<Backend, 2> backends{
      Backend{.name = "cpu",
              .built = true,
              .reference = false,
              .rows = cpu::kernel_rows(),
              .active_isa = cpu::active_isa,
              .stream = cpu::cpu_stream,
              .set_workers = cpu::set_cpu_threads,
              .index = &cpu_index},
      Backend{.name = "ref",
              .built = true,
              .reference = true,
              .rows = ref::ref_kernel_rows(),
              .active_isa = any_isa,
              .stream = ref::ref_stream},
  };
  return backends;
}

}  // namespace candor
