// What the pictures of audits share: their frame in the page, keys, and the axis of powers of two.
#pragma once

#include <string>
#include <string_view>

#include "cli/svg.h"

namespace candor::cli {

inline constexpr double kPlotWidth = 400;
// f16 is coarser than bf16 below the first, has nothing between the second and zero, and is infinite from the third.
inline constexpr int kCoarse = -17, kLattice = -24, kBeyond = 16;

std::string figure(std::string_view title, const std::string& picture, const std::string& keys,
                   const std::string& caption);
/// A line in the style that the plot draws, and what it stands for.
std::string key(std::string_view style, std::string_view text);
void exponent_ticks(Svg& svg, const Frame& frame, int low, int high);
/// Where f16 cannot hold what bf16 can.
void shade_zones(Svg& svg, const Frame& frame, int low, int high);

}  // namespace candor::cli
