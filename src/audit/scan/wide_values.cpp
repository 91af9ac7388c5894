#include "audit/scan/wide_values.h"

#include <algorithm>
#include <cmath>

#include "audit/code_value.h"
#include "audit/number_format.h"
#include "core/formats.h"

namespace candor::audit_internal {
namespace {

using Kind = ClassWitness::Kind;

float key_value(std::uint32_t key) { return f32_from_bits(key << 13); }

bool is_bf16(std::uint32_t key) { return (key & 7) == 0; }
bool is_f16(std::uint32_t key) { return f32_bits(f16_bits_to_f32(f32_to_f16_bits(key_value(key)))) == key << 13; }

std::uint32_t magnitude_bits(float value, std::uint32_t) { return f32_bits(value) & 0x7fffffffu; }
std::uint64_t magnitude_bits(float value, std::uint64_t) { return f64_bits(f32_to_f64(value)) & kF64Magnitude; }

template <class Bits>
bool is_subnormal(Bits magnitude) {
  return magnitude != 0 && magnitude >> DistinctPatterns<Bits>::kMantissa == 0;
}

void fill_codes(const CodeCounts& keys, Fingerprint& out) {
  const auto all = [&](bool (*holds)(std::uint32_t)) {
    return std::all_of(keys.begin(), keys.end(), [holds](const auto& key) { return holds(key.first); });
  };
  if (keys.empty()) return;
  if (all(is_bf16)) {
    out.code_dtype = DType::bf16;
    for (const auto& [key, count] : keys) out.codes.emplace_back(key >> 3, count);
  } else if (all(is_f16)) {  // in the same order
    out.code_dtype = DType::f16;
    for (const auto& [key, count] : keys) out.codes.emplace_back(f32_to_f16_bits(key_value(key)), count);
  }
}

template <class Bits>
void fill(WideTotals totals, DistinctPatterns<Bits>& patterns, Fingerprint& out) {
  ValueCounts& values = totals.values;
  for (const auto& [key, count] : totals.keys) {
    const float value = key_value(key);
    const Bits magnitude = magnitude_bits(value, Bits{});
    if (std::isnan(value)) {
      values.nans += count;
    } else if (std::isinf(value)) {
      values.infinities += count;
    } else if (magnitude == 0) {
      values.zeros += count;
    } else {
      if (is_subnormal(magnitude)) values.subnormals += count;
      totals.significands[significand_cell(significand_of(magnitude))] += count;
      const double x = f32_to_f64(value);
      totals.sum_squares += x * x * static_cast<double>(count);
      if (DistinctPatterns<Bits>::counts(magnitude)) patterns.add(magnitude);
    }
  }
  if (totals.wide == 0) fill_codes(totals.keys, out);
  out.significands.counts = std::move(totals.significands);
  patterns.counts_into(out.distinct_by_zeros);
  out.zeros = values.zeros;
  out.infinities = values.infinities;
  out.nans = values.nans;
  out.subnormals = values.subnormals;
  out.sum_squares = totals.sum_squares;
}

/// Significant bits of the values that a cell counts.
int cell_length(std::uint32_t cell, DType dtype) {
  const int exponent = static_cast<int>(cell) / SignificandCounts::kZeros + SignificandCounts::kLowest;
  const int zeros = static_cast<int>(cell) % SignificandCounts::kZeros;
  return exponent - (dtype == DType::f64 ? kF64Format : kF32Format).last_bit(exponent, zeros) + 1;
}

}  // namespace

void fill_wide(WideTotals totals, DistinctPatterns<std::uint32_t>& patterns, Fingerprint& out) {
  fill(std::move(totals), patterns, out);
}

void fill_wide(WideTotals totals, DistinctPatterns<std::uint64_t>& patterns, Fingerprint& out) {
  fill(std::move(totals), patterns, out);
}

ClassMask span_widths(const SpanCounts& counts, DType dtype) {
  constexpr std::uint32_t kMantissa = 0x3ff, kSpecial = 0x3fc00;  // of a key
  const Widths widths = widths_of(dtype);
  std::uint64_t narrow = 0, wide = 0;
  for (const auto& [key, count] : counts.codes)
    narrow += (key & kMantissa) != 0 && (key & kSpecial) != kSpecial ? count : 0;
  for (const auto& [cell, count] : counts.cells) {
    const int length = cell_length(cell, dtype);
    if (length > 1) (length <= widths.narrow + 1 ? narrow : wide) += count;
  }
  const double chance = std::ldexp(static_cast<double>(wide), widths.narrow - widths.all);
  const bool many = static_cast<double>(narrow) >= chance + 8 * std::sqrt(chance) + 8;
  const unsigned classes = (many ? class_bit(Kind::narrow) : 0u) | (wide != 0 ? class_bit(Kind::wide) : 0u);
  return static_cast<ClassMask>(classes);
}

ClassMask key_classes(std::uint32_t key, DType dtype) {
  constexpr unsigned kWidths = class_bit(Kind::narrow) | class_bit(Kind::wide);  // those are of the dtype
  if (is_bf16(key) && dtype == DType::f32)
    return static_cast<ClassMask>((*code_classes(DType::bf16))[key >> 3] & ~kWidths);
  return classes_of(f32_to_f64(key_value(key)), smallest_normal(dtype));
}

ClassMask cell_classes(std::uint32_t cell) {
  const int exponent = static_cast<int>(cell) / SignificandCounts::kZeros + SignificandCounts::kLowest;
  unsigned mask = 0;
  if (exponent >= 15) mask |= class_bit(Kind::above_f16);  // from 32768 on: the values decide
  if (exponent == 16) mask |= class_bit(Kind::at_65536);
  return static_cast<ClassMask>(mask);
}

}  // namespace candor::audit_internal
