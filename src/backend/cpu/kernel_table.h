// The rows of the CPU backend.
#pragma once

#include <span>

#include "kernels/kernel_row.h"

namespace candor::cpu {

std::span<const KernelRow> kernel_rows();

}  // namespace candor::cpu
