// Witnesses of how a dot product was formed: inputs for which other arithmetic gives another result. The expectation is
// emulated from what the row claims; each alternative must be told apart by at least one witness, or the test is blind.
#pragma once

#include <string>
#include <vector>

#include "kernels/case.h"

namespace candor::test {

/// How products and sums are formed.
struct Arithmetic {
  DType operands = DType::f32;    // rounding on entry
  DType products = DType::f64;    // f64: exact or fused
  DType accumulate = DType::f32;
  bool flushes = false;           // subnormal f32 operands and sums are zero
};

/// Σ x w in the one order of DESIGN §5 (pairs of k, odd element first), then one rounding to `out`.
double emulate_dot(const Arithmetic& arithmetic, const Doubles& x, const Doubles& w, DType out);

/// Terms x[i] · w[i]. Weights of block formats repeat w[i] over a block, of which x uses the first element; a dense
/// witness (all terms alike) uses every element of the block.
struct Witness {
  std::string name;
  Doubles x, w;
  bool dense = false;
};

/// True when `value` is stored exactly.
bool holds(DType dtype, double value);

/// Every witness whose values the row's storage holds exactly.
std::vector<Witness> dot_witnesses(const Precision& precision);

struct Alternative {
  std::string name;
  Arithmetic arithmetic;
};

/// What the row might do instead of what it says, as far as its storage lets that be seen.
std::vector<Alternative> dot_alternatives(const Precision& precision, const Arithmetic& claimed);

}  // namespace candor::test
