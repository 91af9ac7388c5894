// One element on its way from one storage to another, under a hypothesis.
#pragma once

#include "prove/conversion/stored_elements.h"
#include "prove/experiment.h"

namespace candor::prove {

class ConversionModel {
 public:
  /// moves: bits move, also those of a signalling NaN; otherwise a NaN comes out quiet with its sign. An f64 stands for
  /// a value that is no tensor's, too (fill).
  ConversionModel(DType from, DType to, bool moves) : from_(from), to_(to), moves_(moves) {}

  DType from() const { return from_; }
  DType to() const { return to_; }
  bool moves() const { return moves_; }

  /// Every combination of detours, roundings, subnormals and NaN that the formats let differ from plain rounding.
  std::vector<Arithmetic> combinations() const;
  /// The value that comes out. Not for moved integers and blocks.
  Prediction result(const Element& element, const Arithmetic& arithmetic) const;
  /// How many elements come out as plain rounding says.
  Prediction right(const Elements& elements, const Arithmetic& arithmetic) const;
  /// True when these bytes are what unit i of the source becomes by plain rounding. i counts elements, or moved blocks.
  bool is_right(const Elements& elements, std::int64_t i, const std::byte* bytes) const;

 private:
  bool computes() const { return is_floating(to_) || !moves_; }  // not a move of integers or blocks
  bool last_step_is_exact(DType before) const;
  double path(double value, const Arithmetic& arithmetic) const;
  Prediction agreement(const Element& element, const Arithmetic& arithmetic) const;

  DType from_, to_;
  bool moves_;
};

/// `value` in a floating or integer dtype. Infinity where there is none: NaN.
double converted(DType dtype, double value, Rounding rounding);
/// The value of a code of a floating or integer dtype.
double value_of_code(DType dtype, std::uint64_t code);

}  // namespace candor::prove
