#include "audit/judge/wording.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace candor::audit_internal {

std::string grouped_rounded(double n) {
  if (!(n < 1e18)) return short_number(n);
  const double unit = std::pow(10.0, std::max(0.0, std::floor(std::log10(std::max(n, 1.0))) - 1));
  return grouped(static_cast<std::uint64_t>(std::ceil(n / unit) * unit));
}

std::string short_number(double x) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", x);
  return text;
}

std::string counted(std::uint64_t n, const std::string& one, const std::string& many) {
  return grouped(n).append(" ").append(n == 1 ? one : many);
}

}  // namespace candor::audit_internal
