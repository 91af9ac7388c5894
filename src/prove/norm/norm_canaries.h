// Rows of rms_norm and layer_norm that tell arithmetic apart.
#pragma once

#include "prove/norm/norm_row.h"

namespace candor::prove {

struct NormCanary {
  Canary text;
  NormRow row;
};

/// Those that the storage holds: chosen by what they tell of `hypotheses`, then those whose sums stall, then NaN.
std::vector<NormCanary> norm_canaries(const Storage3& storage, bool centred, const std::vector<Arithmetic>& hypotheses);

}  // namespace candor::prove
