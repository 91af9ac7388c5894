// What each history does to bf16: for every magnitude code, the measure of the reals that end in it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace candor::audit_internal {

/// Finite magnitude codes of bf16: 0 … 0x7f7f.
inline constexpr std::uint32_t kMagnitudeCodes = 0x7f80;
/// f16's lattice 2^-24 is coarser than bf16 from this binade (floor(log2 |x|)) down …
inline constexpr int kHighestGridBinade = -18;
/// … and nothing but zero is left below this one.
inline constexpr int kLowestGridBinade = -24;
inline constexpr int kLowestF16Normal = -14, kHighestF16 = 15;

/// floor(log2 |x|) of a normal code; -127 for subnormals, which are all alike here.
constexpr int binade_of(std::uint32_t code) { return static_cast<int>(code >> 7) - 127; }
/// The code of 2^exponent, -126 … 127.
constexpr std::uint32_t first_code(int exponent) { return static_cast<std::uint32_t>(exponent + 127) << 7; }
double code_value(std::uint32_t code);

/// True if the code is one of f16's values: its trip through f16 changes nothing.
bool is_f16_value(std::uint32_t code);
/// A small code, 0 < |x| < 2^-17, that no trip through f16 leaves behind.
bool is_off_f16_grid(std::uint32_t code);
/// How many of a binade's 128 codes are f16 values.
int reachable_codes(int exponent);

enum class History {
  via_f16,      // bf16 → f16 → bf16
  from_f16,     // f32 → f16 → bf16
  via_f16_ftz,  // the same two, f16 subnormals flushed
  from_f16_ftz,
  f16_truncated,  // f32 → f16, then cut off
  truncated,      // f32 cut off
  from_tf32,      // any source of 11 significant bits without f16's range
  genuine,        // f32 → bf16, one rounding to nearest
};
inline constexpr History kHistories[] = {History::via_f16,      History::from_f16,      History::via_f16_ftz,
                                         History::from_f16_ftz, History::f16_truncated, History::truncated,
                                         History::from_tf32};
std::string_view history_name(History history);
constexpr bool has_f16_range(History h) { return h != History::truncated && h != History::from_tf32; }
constexpr bool flushes_f16(History h) { return h == History::via_f16_ftz || h == History::from_f16_ftz; }

/// Measure of the reals that end in each magnitude code, in absolute units.
std::span<const double> widths(History history);
/// widths(history) / widths(genuine).
std::span<const double> width_ratios(History history);

}  // namespace candor::audit_internal
