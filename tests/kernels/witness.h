// Witnesses of how a dot product was formed: inputs for which other arithmetic gives another result. The expectation is
// emulated from what the row claims; each alternative must be told apart by at least one witness, or the test is blind.
#pragma once

#include <string>
#include <vector>

#include "kernels/case.h"

namespace candor::test {

/// In which order a sum over k is formed.
enum class SumOrder {
  odd_first,           // pairs of k in rising order, the odd element of each first: DESIGN §5
  rising,              // one element after the other, which is also "pairs, even element first"
  even_and_odd_apart,  // two sums over every other element, added at the end
  halves_apart,        // two sums over the halves of K, added at the end
};

/// How products and sums are formed.
struct Arithmetic {
  DType operands = DType::f32;  // rounding on entry
  DType products = DType::f64;  // f64: exact or fused
  DType accumulate = DType::f32;
  bool flushes = false;  // subnormal f32 operands and sums are zero
  SumOrder order = SumOrder::odd_first;
};

/// Σ x w in the order of `arithmetic`, then one rounding to `out`.
double emulate_dot(const Arithmetic& arithmetic, const Doubles& x, const Doubles& w, DType out);

/// Terms x[i] · w[i]. Weights of block formats repeat w[i] over a block, of which x uses the first element; a dense
/// witness (all terms alike) uses every element of the block.
struct Witness {
  std::string name;
  Doubles x, w;
  bool dense = false;
};

/// True when `value` is stored exactly, NaN as NaN.
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
