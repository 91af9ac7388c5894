// x · weightᵀ (+ bias) of the reference kernels, for the three ops that contain it.
#pragma once

#include "backend/ref/elements.h"

namespace candor::ref {

/// x [M, K], weight [N, K], bias [N] or absent -> [M, N] row-major, not rounded.
Doubles linear(const ConstView& x, const ConstView& weight, const ConstView& bias);

}  // namespace candor::ref
