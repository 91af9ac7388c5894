// The rows of the CPU backend: one file per op family, kernel_table_<family>.cpp.
#pragma once

#include <span>

#include "kernels/kernel_row.h"

namespace candor::cpu {

std::span<const KernelRow> kernel_rows();

std::span<const KernelRow> attention_rows();
std::span<const KernelRow> cast_rows();
std::span<const KernelRow> elementwise_rows();
std::span<const KernelRow> embedding_rows();
std::span<const KernelRow> matmul_rows();
std::span<const KernelRow> norm_rows();
std::span<const KernelRow> selection_rows();

}  // namespace candor::cpu
