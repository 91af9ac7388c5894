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

/// Number of workers of every op from now on. errors: ValueError (outside 1 … 1024)
void set_threads(int threads);
int threads();

/// Measured now, with the current threads: what bounds any kernel here.
struct Ceilings {
  double read_bytes_per_second = 0;    // streaming read of a buffer far larger than the caches
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

/// How a dtype is handled as (storage, compute): "native", "via f32", "refused".
struct DTypeSupport {
  DType dtype;
  std::string storage, matmul, cast;
};
std::vector<DTypeSupport> dtype_support();

}  // namespace candor
