#include "audit/judge/code_table.h"

#include <array>
#include <cmath>
#include <cstddef>

#include "core/formats.h"

namespace candor::audit_internal {

namespace {

constexpr std::size_t kTables = static_cast<std::size_t>(History::genuine) + 1;

std::uint32_t to_nearest(float x) { return f32_to_bf16_bits(x) & 0x7fffu; }
std::uint32_t cut_off(float x) { return f32_bits(x) >> 16; }
float through_f16(float x) { return f16_bits_to_f32(f32_to_f16_bits(x)); }
float flushed(float x) { return x < 0x1p-14f ? 0.0f : x; }

// The finite non-negative values of a first stop.
std::vector<float> bf16_values() {
  std::vector<float> values(kMagnitudeCodes);
  for (std::uint32_t code = 0; code < kMagnitudeCodes; ++code) values[code] = f32_from_bits(code << 16);
  return values;
}
std::vector<float> f16_values() {
  std::vector<float> values(0x7c00);
  for (std::uint32_t code = 0; code < 0x7c00; ++code) values[code] = f16_bits_to_f32(static_cast<std::uint16_t>(code));
  return values;
}
std::vector<float> tf32_values() {
  std::vector<float> values(0x7f800000u >> 13);
  for (std::uint32_t i = 0; i < values.size(); ++i) values[i] = f32_from_bits(i << 13);
  return values;
}

// Reals go to the nearest of `stops`, and from there to `end`.
template <typename End>
std::vector<double> measure(const std::vector<float>& stops, End end) {
  std::vector<double> table(kMagnitudeCodes, 0.0);
  double low = 0;
  for (std::size_t i = 0; i < stops.size(); ++i) {
    const double here = static_cast<double>(stops[i]);
    const double above =
        i + 1 < stops.size() ? static_cast<double>(stops[i + 1]) : 2 * here - static_cast<double>(stops[i - 1]);
    const double high = here / 2 + above / 2;
    const std::uint32_t code = end(stops[i]);
    if (code < kMagnitudeCodes) table[code] += high - low;
    low = high;
  }
  return table;
}

std::vector<double> build(History history) {
  switch (history) {
    case History::via_f16:
      return measure(bf16_values(), [](float x) { return to_nearest(through_f16(x)); });
    case History::via_f16_ftz:
      return measure(bf16_values(), [](float x) { return to_nearest(flushed(through_f16(x))); });
    case History::from_f16:
      return measure(f16_values(), to_nearest);
    case History::from_f16_ftz:
      return measure(f16_values(), [](float x) { return to_nearest(flushed(x)); });
    case History::f16_truncated:
      return measure(f16_values(), cut_off);
    case History::from_tf32:
      return measure(tf32_values(), to_nearest);
    case History::truncated: {
      std::vector<double> table(kMagnitudeCodes);
      for (std::uint32_t c = 0; c < kMagnitudeCodes; ++c) {
        table[c] = c + 1 < kMagnitudeCodes ? code_value(c + 1) - code_value(c) : code_value(c) - code_value(c - 1);
      }
      return table;
    }
    case History::genuine:
      break;
  }
  return measure(bf16_values(), to_nearest);
}

struct Tables {
  std::array<std::vector<double>, kTables> widths, ratios;
  Tables() {
    for (std::size_t h = 0; h < kTables; ++h) widths[h] = build(static_cast<History>(h));
    for (std::size_t h = 0; h < kTables; ++h) {
      ratios[h].resize(kMagnitudeCodes);
      for (std::size_t c = 0; c < kMagnitudeCodes; ++c) ratios[h][c] = widths[h][c] / widths[kTables - 1][c];
    }
  }
};

const Tables& tables() {
  static const Tables built;
  return built;
}

}  // namespace

double code_value(std::uint32_t code) { return static_cast<double>(f32_from_bits(code << 16)); }

bool is_f16_value(std::uint32_t code) {
  const float x = f32_from_bits(code << 16);
  return through_f16(x) == x;
}

bool is_off_f16_grid(std::uint32_t code) {
  return code != 0 && code < first_code(kHighestGridBinade + 1) && !is_f16_value(code);
}

int reachable_codes(int exponent) {
  int reachable = 0;
  for (std::uint32_t m = 0; m < 128; ++m) reachable += is_f16_value(first_code(exponent) + m) ? 1 : 0;
  return reachable;
}

std::string_view history_name(History history) {
  switch (history) {
    case History::via_f16:
      return "bf16 through f16";
    case History::from_f16:
      return "f32 through f16";
    case History::via_f16_ftz:
      return "bf16 through f16, small values flushed";
    case History::from_f16_ftz:
      return "f32 through f16, small values flushed";
    case History::f16_truncated:
      return "f16 cut off";
    case History::truncated:
      return "truncated";
    case History::from_tf32:
      return "11-bit source";
    case History::genuine:
      break;
  }
  return "one rounding";
}

std::span<const double> widths(History history) { return tables().widths[static_cast<std::size_t>(history)]; }
std::span<const double> width_ratios(History history) { return tables().ratios[static_cast<std::size_t>(history)]; }

}  // namespace candor::audit_internal
