// Canaries of dot products: terms x[i] · w[i].
#pragma once

#include <vector>

#include "prove/experiment.h"
#include "prove/operands.h"

namespace candor::prove {

struct DotCanary {
  Canary text;
  Values x, w;
  bool dense = false;  // all w are alike: weights in blocks need no term of their own for each block
  double bias = 0;     // 0: none
};

/// Those whose terms the storage holds exactly, the cheap and telling ones first, and four that are drawn at random.
/// Where weights are in blocks, whose elements are alike, each term that is neither dense nor drawn uses the first
/// element of a block of its own.
std::vector<DotCanary> dot_canaries(const Storage3& storage);
/// The same, and those for products of matrices only: biases, 0 times what is not finite, results that overflow.
std::vector<DotCanary> linear_canaries(const Storage3& storage);

}  // namespace candor::prove
