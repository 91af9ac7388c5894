// A few values of a tensor, by which it is known again under another name and dtype.
#pragma once

#include <vector>

#include "candor/io.h"

namespace candor::audit_internal::comparison {

/// 256 evenly spaced values, or all of a smaller tensor; none where values are not read, or not in place, or too few
/// to know a tensor by.
std::vector<double> value_sample(const Checkpoint& checkpoint, const TensorEntry& entry);

/// Fifteen of sixteen agree within one rounding to the coarser of both dtypes.
bool samples_agree(const std::vector<double>& a, DType dtype_a, const std::vector<double>& b, DType dtype_b);

}  // namespace candor::audit_internal::comparison
