// The checks of a model, without the rows that it uses.
#pragma once

#include <string>
#include <vector>

#include "candor/prove.h"

namespace candor::prove {

/// errors: as candor::prove_model
std::vector<ProofCheck> check_model(const std::string& path, const LoadOptions& load, const ProveOptions& options);

}  // namespace candor::prove
