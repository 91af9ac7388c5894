#include "audit/judge/measured.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/mixed_bits.h"

namespace candor::audit_internal {

namespace {

// A counter-based draw for the discrete tests: the same tensor always gets the same p-values.
double uniform_of(std::uint64_t identity, std::uint64_t purpose) {
  return (static_cast<double>(mixed_bits(identity + purpose * kMixStep) >> 11) + 0.5) * 0x1p-53;
}

// What one value gives on average when the alternative is true, from the width tables.
constexpr double kParityBits = 0.011278;  // even codes 9:7
constexpr double kZeroBits = 0.0499;      // per power of two: 1 against 0.75, judged by eight units around it
constexpr double kGridBits = 1.96;        // per value below 2^-17; 2.07 when it was bf16 before

std::uint64_t scaled(double bits, double bits_per_element) {
  return !(bits_per_element > 0) ? 0 : static_cast<std::uint64_t>(std::ceil(std::min(1e18, bits / bits_per_element)));
}

}  // namespace

int count_beyond_f16(const FoldedCodes& codes) {
  int beyond = 0;
  codes.for_each_held(first_code(kHighestF16 + 1) + 1, kMagnitudeCodes,
                      [&beyond](std::uint32_t, std::uint64_t) { ++beyond; });
  return beyond;
}

double Measured::parity_bits() const {
  const double likelihood =
      std::max(of(History::from_tf32).codes.bits_at(kPure), of(History::from_f16).codes.bits_at(kPure));
  return std::min(parity.bits, likelihood);
}

double Measured::zero_bits() const { return std::min(zero.bits, of(History::truncated).codes.bits_at(kPure)); }

double Measured::grid_bits() const { return has_f16_witness() ? 0 : std::min(grid.bits, lattice_likelihood()); }

double Measured::lattice_likelihood() const {
  return std::max(of(History::via_f16).small.bits_at(kPure), of(History::from_f16).small.bits_at(kPure));
}

double Measured::gap_bits() const {
  if (has_f16_witness() || !gap.fits) return 0;
  return std::min(gap.bits, of(History::via_f16_ftz).gap.bits_at(kPure));
}

std::uint64_t Measured::needed_for_parity(double bits) const {
  return scaled(bits, kParityBits * static_cast<double>(parity.used) / static_cast<double>(elements()));
}

std::uint64_t Measured::needed_for_zero(double bits) const {
  return scaled(bits, kZeroBits * static_cast<double>(zero.around) / 8 / static_cast<double>(elements()));
}

std::uint64_t Measured::needed_for_grid(double bits) const { return scaled(bits, kGridBits * 0x1p-16 * density); }

std::optional<Measured> measure(const Fingerprint& tensor) {
  std::optional<FoldedCodes> codes = fold_codes(tensor);
  if (!codes) return std::nullopt;
  return measure_codes(std::move(*codes), tensor.identity);
}

Measured measure_codes(FoldedCodes codes, std::uint64_t identity) {
  Measured m;
  m.codes = std::move(codes);
  m.roughness = measure_roughness(m.codes);
  m.parity = measure_parity(m.codes, m.roughness);
  m.zero = measure_zero_mantissa(m.codes, m.roughness, uniform_of(identity, 1));
  m.grid = measure_grid(m.codes, uniform_of(identity, 2));
  m.quantum = find_quantum(m.codes);
  m.gap = measure_gap(m.codes);
  m.density = density_at_zero(m.codes);
  m.beyond_f16 = count_beyond_f16(m.codes);
  const SmoothDensities densities(m.codes, m.roughness);
  for (const History history : kHistories) {
    m.histories[static_cast<std::size_t>(history)] = history_likelihood(history, m.codes, m.roughness, densities);
  }
  return m;
}

double together(double bits, double other) {
  const double sum = std::max(0.0, bits) + std::max(0.0, other);
  return sum - std::log2(1 + sum * std::numbers::ln2);
}

}  // namespace candor::audit_internal
