// The shapes in which `candor canary check` tells what it found.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "candor/canary.h"

namespace candor::cli {

/// docs/schema/canary-1.json
nlohmann::ordered_json canary_json(const CanaryReport& report);
/// One line for each canary, then the culprits, what NaNs became, and elements that show it.
std::string canary_table(const CanaryReport& report);

}  // namespace candor::cli
