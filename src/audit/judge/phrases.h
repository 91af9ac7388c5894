// Numbers as sentences have them.
#pragma once

#include <cstdint>
#include <string>

namespace candor::audit_internal {

std::string grouped(std::uint64_t number);  // "261,842"
std::string shortest(double number);        // four significant digits at most: "0.0025", "1e-23"
std::string power_of_two(int exponent);     // "2^-24"
std::string percent(double share);          // "9.8 %"

std::string as_sentence(std::string text);  // "Every value is zero."

}  // namespace candor::audit_internal
