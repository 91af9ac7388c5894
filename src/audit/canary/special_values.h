// What became of NaNs and of signs of zero: handled differently by conversions that treat all other values alike.
#pragma once

#include <vector>

#include "audit/canary/conversion.h"
#include "audit/canary/found.h"
#include "candor/canary.h"

namespace candor::audit_internal {

/// Over all canaries that were compared; `explained[i]` is the conversion that explains canary i, nullptr for none.
std::vector<CanaryFinding> special_findings(const std::vector<FoundCanary>& canaries,
                                            const std::vector<const Conversion*>& explained);

/// True when a NaN of this canary is a number now, or one of its zeros lost its sign.
bool has_special_damage(const FoundCanary& found);

}  // namespace candor::audit_internal
