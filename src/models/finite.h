// Looks for NaN and infinity in stored weights.
#pragma once

#include <cstdint>

#include "candor/tensor.h"

namespace candor::models {

/// Number of elements that are NaN or infinite; for block formats, of blocks with such a scale. `x` is contiguous and
/// strided. Integer dtypes and formats without either value have none.
std::uint64_t count_non_finite(const Tensor& x);

}  // namespace candor::models
