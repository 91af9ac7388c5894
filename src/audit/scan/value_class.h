// The classes of elements that are shown as witnesses, by code and by value.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "audit/fingerprint.h"
#include "candor/dtype.h"

namespace candor::audit_internal {

inline constexpr std::size_t kWitnessKinds = 10;
inline constexpr std::size_t kWitnessesPerKind = 8;

/// A set of ClassWitness::Kind, one bit each. An element may be in several: a bf16 subnormal is off f16's grid as well.
using ClassMask = std::uint16_t;

constexpr ClassMask class_bit(ClassWitness::Kind kind) {
  return static_cast<ClassMask>(1u << static_cast<unsigned>(kind));
}

/// Classes of one value. off_grid and on_grid: 0 < |x| < 2^-17, and no multiple or a multiple of 2^-24. above_f16:
/// finite, beyond 65504, +-65536 included. `smallest_normal` is that of the dtype that the value is stored in.
ClassMask classes_of(double value, double smallest_normal);

/// narrow, wide or neither (zero, powers of two, infinities, NaN, other dtypes): the class of the value's significand.
ClassMask width_class(DType dtype, std::uint64_t bits);

/// Explicit bits of the significand in f64, f32, f16 and bf16, and how many of them a narrow one uses; 0 for others.
struct Widths {
  int all = 0, narrow = 0;
};
Widths widths_of(DType dtype);

/// Classes by code of a floating dtype of at most 16 bits; nullptr for integers and wider dtypes.
const std::array<ClassMask, 65536>* code_classes(DType dtype);

/// The first elements of each class of `wanted` in `elements` values of `dtype` at `data`, whose first has the index
/// `first`; at most kWitnessesPerKind of each, in order of index for each kind.
std::vector<ClassWitness> find_witnesses(DType dtype, const std::byte* data, std::uint64_t elements,
                                         std::uint64_t first, ClassMask wanted);

}  // namespace candor::audit_internal
