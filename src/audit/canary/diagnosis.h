// Which conversions explain which canaries, with as few as possible.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "audit/canary/conversion.h"
#include "audit/canary/found.h"
#include "candor/canary.h"

namespace candor::audit_internal {

struct Diagnosis {
  std::vector<const Conversion*> chosen;    // of each canary: explains it or comes nearest; nullptr: not compared
  std::vector<bool> exact;                  // whether it explains all elements
  std::vector<CanaryCulprit> culprits;      // of what is damaged
  std::vector<CanaryCulprit> not_excluded;  // would have left the same
};

/// `damaged[i]`: canary i lost something.
Diagnosis diagnose(const std::vector<FoundCanary>& canaries, const std::vector<bool>& damaged);

/// Conversions that predict every element of a canary, simplest first, without those that only add to another.
std::vector<const Conversion*> explanations(const FoundCanary& found);

}  // namespace candor::audit_internal
