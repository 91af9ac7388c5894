// A few values of a tensor, by which it is known again under another name and dtype.
#pragma once

#include <vector>

#include "audit/diff/row_order.h"
#include "candor/io.h"

namespace candor::audit_internal::comparison {

/// 256 evenly spaced values, or all of a smaller tensor; none where values are not read, or not in place, or too few
/// to know a tensor by. With an `order`, B's at the places of A's values; none where it does not fit.
std::vector<double> value_sample(const Checkpoint& checkpoint, const TensorEntry& entry, const RowOrder& order = {});

/// Fifteen of sixteen agree within two roundings to the coarser of both dtypes.
bool samples_agree(const std::vector<double>& a, DType dtype_a, const std::vector<double>& b, DType dtype_b);

}  // namespace candor::audit_internal::comparison
