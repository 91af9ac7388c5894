// Numbers as the sentences on histories have them, beside those of phrases.h.
#pragma once

#include <cstdint>
#include <string>

#include "audit/judge/phrases.h"

namespace candor::audit_internal {

std::string grouped_rounded(double n);  // two significant digits, upwards: "2,500,000"
std::string short_number(double x);     // three significant digits at most: "7.6e-06", "64.1"
/// "1 value", "3,000 values".
std::string counted(std::uint64_t n, const std::string& one, const std::string& many);

}  // namespace candor::audit_internal
