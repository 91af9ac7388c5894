#include "audit/judge/magnitudes.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "audit/code_value.h"
#include "audit/number_format.h"
#include "core/formats.h"

namespace candor::audit_internal {
namespace {

bool has_known_codes(DType dtype) {
  return dtype == DType::bf16 || dtype == DType::f16 || dtype == DType::f8_e4m3 || dtype == DType::f8_e5m2;
}

}  // namespace

Magnitude magnitude_of(double value) {
  constexpr std::uint64_t kHidden = std::uint64_t{1} << 52;
  const std::uint64_t bits = f64_bits(value);
  Magnitude out;
  out.value = value;
  out.exponent = static_cast<int>(bits >> 52) - 1023;
  out.lowest = out.exponent - 52 + std::countr_zero(bits | kHidden);
  return out;
}

int MagnitudeTable::longest() const {
  int most = 0;
  for (const Magnitude& m : values) most = std::max(most, m.length());
  return most;
}

std::uint64_t MagnitudeTable::at(double magnitude) const {
  const auto found = std::lower_bound(values.begin(), values.end(), magnitude,
                                      [](const Magnitude& m, double wanted) { return m.value < wanted; });
  return found != values.end() && found->value == magnitude ? found->count() : 0;
}

MagnitudeTable magnitudes_of(const Fingerprint& tensor) {
  MagnitudeTable out;
  if (!has_known_codes(tensor.code_dtype)) return out;
  out.values.reserve(tensor.codes.size());
  for (const auto& [code, count] : tensor.codes) {
    const double value = code_value(tensor.code_dtype, code);
    if (value == 0) {
      out.zeros += count;
    } else if (std::isnan(value)) {
      out.nans += count;
    } else if (std::isinf(value)) {
      out.infinities += count;
    } else {
      Magnitude& magnitude = out.values.emplace_back(magnitude_of(std::fabs(value)));
      (value > 0 ? magnitude.positive : magnitude.negative) = count;
      (value > 0 ? out.positive : out.negative) += count;
    }
  }
  // Codes ascend with the magnitude within either sign, positive ones first.
  const auto negatives =
      std::partition_point(out.values.begin(), out.values.end(), [](const Magnitude& m) { return m.positive != 0; });
  std::inplace_merge(out.values.begin(), negatives, out.values.end(),
                     [](const Magnitude& a, const Magnitude& b) { return a.value < b.value; });
  std::vector<Magnitude> folded;
  folded.reserve(out.values.size());
  for (const Magnitude& m : out.values) {
    if (folded.empty() || folded.back().value != m.value) {
      folded.push_back(m);
    } else {
      folded.back().positive += m.positive;
      folded.back().negative += m.negative;
    }
  }
  out.values = std::move(folded);
  return out;
}

std::vector<SignificandCell> significand_cells(const Fingerprint& tensor) {
  std::vector<SignificandCell> cells;
  if (tensor.significands.counts.empty()) return cells;
  const NumberFormat& format = tensor.dtype == DType::f64 ? kF64Format : kF32Format;
  for (int e = SignificandCounts::kLowest; e <= SignificandCounts::kHighest; ++e) {
    for (int z = 0; z <= format.mantissa; ++z) {
      const std::uint64_t count = tensor.significands.at(e, z);
      if (count == 0) continue;
      cells.push_back({e, format.last_bit(e, z), z, count});
    }
  }
  return cells;
}

}  // namespace candor::audit_internal
