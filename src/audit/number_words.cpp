#include "audit/number_words.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace candor::audit_internal {
namespace {

std::string printed(const char* format, double number) {
  char text[32];
  std::snprintf(text, sizeof text, format, number);
  return text;
}

}  // namespace

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, 1, ',');
  return text;
}

std::string grouped_rounded(double number) {
  if (!(number < 1e18)) return short_number(number);
  const double unit = std::pow(10.0, std::max(0.0, std::floor(std::log10(std::max(number, 1.0))) - 1));
  return grouped(static_cast<std::uint64_t>(std::ceil(number / unit) * unit));
}

std::string expected_of(double expected, std::uint64_t all) {
  const double unit = std::pow(10.0, std::max(0.0, std::floor(std::log10(std::max(expected, 1.0))) - 2));
  return grouped(std::min(static_cast<std::uint64_t>(std::round(expected / unit) * unit), all));
}

std::string short_number(double number) { return printed("%.4g", number); }

std::string power_of_two(int exponent) { return std::string("2^").append(std::to_string(exponent)); }

std::string percent(double share) { return printed("%.3g %%", 100 * share); }

std::string percent_of(std::uint64_t part, std::uint64_t whole) {
  if (part == 0) return "0.0 %";
  if (part == whole) return "100 %";
  const double share = 100 * static_cast<double>(part) / static_cast<double>(whole);
  if (share < 0.05) return "< 0.1 %";
  return share > 99.95 ? "> 99.9 %" : printed("%.1f %%", share);
}

std::string counted(std::uint64_t number, const std::string& one, const std::string& many) {
  return grouped(number).append(" ").append(number == 1 ? one : many);
}

std::string as_sentence(std::string text) {
  if (!text.empty() && text.front() >= 'a' && text.front() <= 'z') text.front() = static_cast<char>(text.front() - 32);
  return text.append(".");
}

}  // namespace candor::audit_internal
