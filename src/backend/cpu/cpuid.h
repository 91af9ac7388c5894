// Which instruction sets this processor and operating system offer.
#pragma once

#include <string>
#include <vector>

#include "kernels/kernel_row.h"

namespace candor::cpu {

/// Highest ISA level whose every instruction group is present.
Isa detect_isa();
/// The level in use: detected, or forced down.
Isa active_isa();
/// errors   ValueError: `isa` is above what this machine has
void force_isa(Isa isa);
/// Names of the instruction groups that matter to the kernels, as in /proc/cpuinfo.
std::vector<std::string> cpu_features();
std::string cpu_model();
/// True where VDPBF16PS does fewer bf16 multiply-adds a second than FMA does f32 ones: Intel's takes two cycles for
/// what two FMA units do in one; AMD's has twice the rate of its FMA.
bool dpbf16_is_slower_than_fma();
int available_cores();

}  // namespace candor::cpu
