// How many different codes blocks have, and how many draws from a normal would
// have.
#pragma once

#include "audit/blocks/extent.h"

namespace candor::audit_internal {

/// Expected number of different codes among `draws` from a normal rounded to
/// `dtype`: exact over all codes, averaged over the octave of sigma, on which
/// it depends by less than a percent.
double expected_distinct(DType dtype, std::uint64_t draws);

/// Histograms for every extent that the slice has; `sampled` counts the blocks.
std::vector<AuditDistinct> count_distinct(const TensorSlice& slice, std::uint64_t& sampled);

}  // namespace candor::audit_internal
