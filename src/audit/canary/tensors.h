// What a canary checkpoint holds.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "candor/dtype.h"

namespace candor::audit_internal {

struct CanaryValues {
  std::string_view name;  // "canary.codes"
  DType dtype;            // bf16, f16 or f32
  std::vector<std::int64_t> shape;
  std::vector<std::uint32_t> bits;  // row-major
  /// Weights as models have them, without infinities and NaNs: scales of blocks
  /// mean something here.
  bool ordinary = false;
};

/// In the order in which they are reported. Element counts differ, so that a renamed one is found by its size. None is
/// square, and no row of codes is 256 long, where a transpose would look like swapped bytes.
const std::vector<CanaryValues>& canary_values();

/// Why a bf16 code is a canary: "subnormal", "largest finite", …; "" for ordinary ones.
std::string_view canary_meaning(std::uint32_t bf16_code);

}  // namespace candor::audit_internal
