// What bounds every kernel on this machine, measured with the machine's own instructions and the pool's threads.
#pragma once

#include <cstddef>

#include "kernels/kernel_row.h"

namespace candor::cpu {

/// Bytes per second of a streaming read from memory, all workers: of 32 MiB that no cache holds. throws OutOfMemory
double measure_read_bandwidth(double seconds);
/// f32 FMA operations per second (2 per lane and instruction) on `isa`, all workers.
double measure_fma_peak(Isa isa, double seconds);
/// Operations per second of VDPBF16PS, all workers; 0 below Isa::avx512bf16.
double measure_dpbf16_peak(Isa isa, double seconds);

}  // namespace candor::cpu
