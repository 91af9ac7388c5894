#include <stdexcept>

#include "kernels/suite.h"

namespace candor::test {
namespace {

template <class... Ops> std::vector<std::unique_ptr<OpSuite>> make_all(OpList<Ops...>) {
  std::vector<std::unique_ptr<OpSuite>> suites;
  (suites.push_back(make_suite<Ops>()), ...);
  return suites;
}

}  // namespace

std::span<const std::unique_ptr<OpSuite>> all_suites() {
  static const std::vector<std::unique_ptr<OpSuite>> suites = make_all(AllOps{});
  return suites;
}

const OpSuite& suite_of(std::string_view op) {
  for (const auto& suite : all_suites())
    if (suite->op() == op) return *suite;
  throw std::out_of_range("no cases for op " + std::string(op));
}

}  // namespace candor::test
