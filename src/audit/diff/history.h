// Ways in which values may have come from one dtype to another.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "audit/rounding.h"

namespace candor::audit_internal::comparison {

/// Conversions, one after the other.
struct History {
  std::string name;              // "through f16"
  std::vector<Rounding> stages;  // at most three
};

/// One rounding first, the others by falling plausibility: of several that explain everything the first is named.
/// At most 32. Detours that change no value of `from` are left out.
std::vector<History> histories_of(DType from, DType to);

/// How a tensor of that history is told of: "a rounded through f16". `a` names where it came from.
std::string history_phrase(std::string_view history, std::string_view a, std::string_view dtype_b);

}  // namespace candor::audit_internal::comparison
