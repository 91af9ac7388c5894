// The witnesses that a scan finds in values, by a plain loop: what the recipes' fingerprints hold.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

#include "audit/fingerprint.h"

namespace candor::audit_internal {

inline bool is_off_f16_grid(double magnitude) {
  return magnitude > 0 && magnitude < 0x1p-17 && magnitude * 0x1p24 != std::floor(magnitude * 0x1p24);
}

// Significant bits of a value that is not zero (no f32 is subnormal in f64), and those that make it a narrow one.
inline int significant_bits(double value) {
  return 53 - std::countr_zero(std::bit_cast<std::uint64_t>(value) | std::uint64_t{1} << 52);
}
inline int narrow_bits(DType dtype) {
  return dtype == DType::f64 ? 24 : dtype == DType::f32 ? 11 : dtype == DType::f16 ? 8 : 4;
}

// The classes of one value, in the order of ClassWitness::Kind; that of blocks is none of single values.
inline std::array<bool, 10> recipe_classes(DType dtype, double value, bool subnormal) {
  const double magnitude = std::abs(value);
  const int length = std::isfinite(value) && value != 0 ? significant_bits(value) : 0;
  const bool small = magnitude > 0 && magnitude < 0x1p-17;
  return {is_off_f16_grid(magnitude),
          std::isfinite(value) && magnitude > 65504,
          magnitude == 65536,
          subnormal,
          std::isinf(value),
          std::isnan(value),
          small && !is_off_f16_grid(magnitude),
          false,
          length > 1 && length <= narrow_bits(dtype),
          length > 1 && length > narrow_bits(dtype)};
}

// Of values that are no more than one span of a scan.
class RecipeWitnesses {
 public:
  explicit RecipeWitnesses(Fingerprint& tensor) : tensor_(tensor) {}
  void see(std::uint64_t index, std::uint64_t code, double value, bool subnormal) {
    const std::array<bool, 10> classes = recipe_classes(tensor_.dtype, value, subnormal);
    if (classes[static_cast<std::size_t>(Kind::wide)]) end_row();
    if (classes[static_cast<std::size_t>(Kind::narrow)]) row_.push_back({Kind::narrow, index, code});
    for (std::size_t kind = 0; kind < classes.size(); ++kind) {
      if (!classes[kind] || seen_[kind]++ >= 8 || static_cast<Kind>(kind) == Kind::narrow) continue;
      tensor_.witnesses.push_back({static_cast<Kind>(kind), index, code});
    }
  }

  void finish() {
    end_row();
    rows_.resize(std::min<std::size_t>(rows_.size(), 8));
    tensor_.witnesses.insert(tensor_.witnesses.end(), rows_.begin(), rows_.end());
    // Values on f16's lattice are shown of bf16 values only, and when none is off it.
    if (tensor_.code_dtype != DType::bf16 || seen(Kind::off_grid) != 0) drop(Kind::on_grid);
    // Narrow ones when there are more of them than chance makes; codes when all are; wide ones beside narrow ones.
    const bool values = tensor_.dtype == DType::f32 || tensor_.dtype == DType::f64;
    const std::uint64_t narrow = seen(Kind::narrow), wide = seen(Kind::wide);
    const double chance = static_cast<double>(wide) * (tensor_.dtype == DType::f64 ? 0x1p-29 : 0x1p-13);
    const bool shown = values ? static_cast<double>(narrow) >= chance + 8 * std::sqrt(chance) + 8 : wide == 0;
    if (!shown) drop(Kind::narrow);
    if (!shown || !values || rows_.empty()) drop(Kind::wide);
    std::stable_sort(tensor_.witnesses.begin(), tensor_.witnesses.end(),
                     [](const ClassWitness& a, const ClassWitness& b) { return a.index < b.index; });
  }

 private:
  using Kind = ClassWitness::Kind;
  std::uint64_t seen(Kind kind) const { return seen_[static_cast<std::size_t>(kind)]; }
  void end_row() {
    if (row_.size() >= 3) rows_.insert(rows_.end(), row_.begin(), row_.end());
    row_.clear();
  }
  void drop(Kind kind) {
    std::erase_if(tensor_.witnesses, [kind](const ClassWitness& w) { return w.kind == kind; });
  }

  Fingerprint& tensor_;
  std::array<std::uint64_t, 10> seen_{};
  std::vector<ClassWitness> row_, rows_;  // narrow ones with no wide one between; those of rows of three or more
};

}  // namespace candor::audit_internal
