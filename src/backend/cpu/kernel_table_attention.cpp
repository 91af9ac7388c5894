// Rows: attention.
#include "backend/cpu/kernel_table.h"

namespace candor::cpu {

std::span<const KernelRow> attention_rows() { return {}; }

}  // namespace candor::cpu
