// Rounding up or down by chance, as often as the distance says. The chance is a function of a key and an element's
// place, so the same call gives the same bits on every machine, in any order and with any number of threads.
#pragma once

#include <cstdint>
#include <string_view>

#include "candor/tensor.h"

namespace candor::convert_internal {

/// What the chance of one tensor depends on.
std::uint64_t rounding_key(std::uint64_t seed, std::string_view tensor_name);

/// 53 uniform bits for one element.
std::uint64_t rounding_bits(std::uint64_t key, std::uint64_t element);

/// `before` ([n], floating or blocks) in bf16, f16 or f32. Values that the target has stay; NaN, infinities and
/// subnormals as in the cast to nearest. Beyond the largest value the next step up is infinity.
/// `first_element`: place of the first in its tensor.
Tensor round_stochastically(const Tensor& before, DType to, std::uint64_t key, std::uint64_t first_element);

}  // namespace candor::convert_internal
