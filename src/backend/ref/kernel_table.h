// The reference backend's rows: one per op, any storage dtype, f64 arithmetic. The oracle of the row tests; never
// chosen unless ExecPolicy::allow_reference says so.
#pragma once

#include <span>

#include "kernels/kernel_row.h"

namespace candor::ref {

std::span<const KernelRow> ref_kernel_rows();

}  // namespace candor::ref
