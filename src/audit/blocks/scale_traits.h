// What the scales of a tensor's blocks are themselves: f16, powers of two,
// 8-bit floats, multiples of a super-block's.
#pragma once

#include "audit/blocks/search.h"

namespace candor::audit_internal {

/// Every interval holds an f16 value, nearly: of scales in f32 about one in
/// four would not.
bool scales_are_f16(const std::vector<Fit>& fits);
bool zeros_are_f16(const std::vector<Fit>& fits);

/// Every interval holds a power of two.
bool scales_are_powers_of_two(const std::vector<Fit>& fits);

/// Part of the intervals that hold one; of scales that come from the largest value next to none do.
double share_of_powers_of_two(const std::vector<Fit>& fits);
/// Of scales that are powers of two: how many different ones.
std::size_t different_powers(const std::vector<Fit>& fits);

/// Every scale is one common factor times a value with four significant bits.
bool scales_are_e4m3(const std::vector<Fit>& fits);

/// The scales of the sub-blocks of each super-block of 256 are multiples, at
/// most `most`, of one number.
bool has_super_blocks(const TensorSlice& slice, const Tally& tally, int most);

}  // namespace candor::audit_internal
