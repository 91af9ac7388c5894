// The witnesses that a scan finds in values, by a plain loop: what the recipes' fingerprints hold.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "audit/fingerprint.h"

namespace candor::audit_internal {

inline bool is_off_f16_grid(double magnitude) {
  return magnitude > 0 && magnitude < 0x1p-17 && magnitude * 0x1p24 != std::floor(magnitude * 0x1p24);
}

// The classes of one value, in the order of ClassWitness::Kind.
inline std::array<bool, 7> recipe_classes(double value, bool subnormal) {
  const double magnitude = std::abs(value);
  const bool small = magnitude > 0 && magnitude < 0x1p-17;
  return {is_off_f16_grid(magnitude),
          std::isfinite(value) && magnitude > 65504,
          magnitude == 65536,
          subnormal,
          std::isinf(value),
          std::isnan(value),
          small && !is_off_f16_grid(magnitude)};
}

class RecipeWitnesses {
 public:
  explicit RecipeWitnesses(Fingerprint& tensor) : tensor_(tensor) {}
  void see(std::uint64_t index, std::uint64_t code, double value, bool subnormal) {
    const std::array<bool, 7> classes = recipe_classes(value, subnormal);
    for (std::size_t kind = 0; kind < classes.size(); ++kind) {
      if (classes[kind] && seen_[kind]++ < 8) {
        tensor_.witnesses.push_back({static_cast<ClassWitness::Kind>(kind), index, code});
      }
    }
  }

 private:
  Fingerprint& tensor_;
  std::array<int, 7> seen_{};
};

// Values on f16's lattice are shown of bf16 values only, and when none is off it.
inline void drop_on_grid(Fingerprint& tensor) {
  using Kind = ClassWitness::Kind;
  bool drop = tensor.code_dtype != DType::bf16;
  for (const ClassWitness& w : tensor.witnesses) drop = drop || w.kind == Kind::off_grid;
  if (drop) std::erase_if(tensor.witnesses, [](const ClassWitness& w) { return w.kind == Kind::on_grid; });
}

}  // namespace candor::audit_internal
