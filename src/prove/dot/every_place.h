// Products whose every element is another number: what is taken from a wrong row, column or weight is seen.
#pragma once

#include "prove/experiment.h"
#include "prove/operands.h"

namespace candor::prove {

/// Row m of x is 1 at one k and 0 elsewhere, so that y[m, n] = weight[n, k] + bias[n]: whole numbers that every format
/// holds. The products of an op (q, k, v) have weights and biases of their own, by `number`.
class EveryPlace {
 public:
  explicit EveryPlace(const Storage3& storage);

  const Canary& text() const { return text_; }
  View x(Operands& memory, std::int64_t rows) const;
  View weight(Operands& memory, std::int64_t number, Layout layout) const;
  View zero_weight(Operands& memory, Layout layout) const;
  View bias(Operands& memory, std::int64_t number) const;
  /// A factor of each column, a power of two.
  View factors(Operands& memory) const;
  View result(Operands& memory, std::int64_t rows) const;
  /// How many columns of y are not what product `number` (times the factors) gives.
  double misplaced(const View& y, std::int64_t number, bool factors = false) const;

 private:
  std::int64_t one_of_row(std::int64_t m) const { return m * (unit_ + 1) % terms_; }

  Storage3 storage_;
  std::int64_t unit_, terms_;  // elements of a block of weights, K
  Canary text_;
};

}  // namespace candor::prove
