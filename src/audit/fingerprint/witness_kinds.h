// Names of the classes of witnesses in a fingerprint file.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "audit/scan/value_class.h"

namespace candor::audit_internal {

/// By the value of ClassWitness::Kind.
inline constexpr std::array<std::string_view, kWitnessKinds> kWitnessKindNames = {
    "off_grid", "above_f16", "at_65536", "subnormal", "infinity", "nan", "on_grid", "block", "narrow", "wide"};

constexpr std::string_view witness_kind_name(ClassWitness::Kind kind) {
  return kWitnessKindNames[static_cast<std::size_t>(kind)];
}

constexpr std::optional<ClassWitness::Kind> parse_witness_kind(std::string_view name) {
  for (std::size_t kind = 0; kind < kWitnessKinds; ++kind)
    if (kWitnessKindNames[kind] == name) return static_cast<ClassWitness::Kind>(kind);
  return std::nullopt;
}

}  // namespace candor::audit_internal
