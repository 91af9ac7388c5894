// A sum of products under a hypothesis.
#pragma once

#include "prove/arithmetic.h"
#include "prove/experiment.h"
#include "prove/operands.h"

namespace candor::prove {

/// `value`, or zero with its sign when the hypothesis flushes subnormal f32.
double flushed(const Arithmetic& arithmetic, double value);
/// An operand as it enters the op.
double entering(const Arithmetic& arithmetic, DType entry, double value);
/// The terms of a sum that are not 0 · finite, whatever they are rounded to, by rising k.
struct Terms {
  std::int64_t extent = 0;  // K
  std::vector<std::int64_t> k;
  Values x, w;
};
Terms terms_of(const Values& x, const Values& w);
/// Σ x w, in the order, format and with the roundings of the hypothesis; not yet rounded to storage.
double sum_of_products(const Arithmetic& arithmetic, const Terms& terms);
/// A result on its way to storage: through before_out, then rounded as the hypothesis rounds.
double stored(const Arithmetic& arithmetic, DType out, double value);
/// The same for both ends of a range. Roundings are monotone, so the ends stay the ends.
Prediction stored(const Arithmetic& arithmetic, DType out, const Prediction& range);

}  // namespace candor::prove
