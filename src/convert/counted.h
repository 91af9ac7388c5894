// Counts as the notes and refusals of a conversion have them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace candor::convert_internal {

/// "1 value", "3 values".
inline std::string counted(std::uint64_t number, std::string_view one, std::string_view many) {
  return std::to_string(number).append(" ").append(number == 1 ? one : many);
}

/// "1 tensor", "3 tensors".
inline std::string counted_tensors(std::uint64_t number) { return counted(number, "tensor", "tensors"); }

}  // namespace candor::convert_internal
