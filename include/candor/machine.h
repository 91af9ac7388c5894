// This machine, this build, and their kernels.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "candor/precision.h"

namespace candor {

struct MachineInfo {
  std::string cpu_model;
  std::string best_isa, active_isa;  // active is lower when CANDOR_ISA forces it down
  std::vector<std::string>
      features;  // CPUID features that matter here: "avx2", "fma", "f16c", "avx512_bf16", "amx_bf16", …
  int cores = 0, threads = 0;
  std::uint64_t memory_bytes = 0;
  std::string version, build_hash, compiler;
};
MachineInfo machine_info();

/// Number of workers of every op from now on. May be called at any time by any thread: it waits for the op that runs.
///   errors   ValueError (outside 1 … 1024), DeviceError (the system gives fewer threads; the number stays as it was)
void set_threads(int threads);
int threads();

/// Measured now, with the current threads: what bounds any kernel here.
struct Ceilings {
  double read_bytes_per_second = 0;    // streaming read from memory: no cache holds what is read
  double fma_flops_per_second = 0;     // f32 FMA on the active ISA
  double dpbf16_flops_per_second = 0;  // VDPBF16PS; 0: the active ISA has none
};
Ceilings measure_ceilings(double seconds_each = 0.25);

/// One row of a kernel table.
struct KernelListing {
  std::string backend, op, kernel, isa, instruction_class, error_model;
  Precision precision;
  bool built = true;      // false: this build has the backend off
  bool runs_here = true;  // false: this machine lacks the ISA
};
std::vector<KernelListing> list_kernels();
/// docs/precision-matrix.md: the same text on every machine.
std::string precision_matrix_markdown();

/// What this build does with a dtype on the ISA in use.
struct DTypeSupport {
  DType dtype;
  std::string storage;  // "yes", "storage only" (no kernel reads its values), "compute only" (tf32)
  std::string matmul;   // as weights: "native" (multiplied as stored), "via f32" (widened first), "refused"
  std::string cast;     // to other dtypes: "yes", "refused"
};
std::vector<DTypeSupport> dtype_support();

}  // namespace candor
