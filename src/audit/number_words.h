// Numbers as the sentences of the library have them. The command line has its own in cli/format.h, of the same digits.
#pragma once

#include <cstdint>
#include <string>

namespace candor::audit_internal {

std::string grouped(std::uint64_t number);                    // "261,842"
std::string grouped_rounded(double number);                   // two significant digits, upwards: "2,500,000"
std::string expected_of(double expected, std::uint64_t all);  // three significant digits, and not more than all: "214"
std::string short_number(double number);  // four significant digits at most: "0.0025", "64.12", "1e-23"
std::string power_of_two(int exponent);   // "2^-24"
std::string percent(double share);        // three significant digits at most: "9.8 %"
/// One decimal, and never all or nothing of what is neither: "99.8 %", "< 0.1 %", "> 99.9 %".
std::string percent_of(std::uint64_t part, std::uint64_t whole);
/// "1 value", "3,000 values".
std::string counted(std::uint64_t number, const std::string& one, const std::string& many);

std::string as_sentence(std::string text);  // "Every value is zero."

}  // namespace candor::audit_internal
