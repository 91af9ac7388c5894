// Which error bound the row tests derive for an op (tests/support/tolerance.h).
#pragma once

namespace candor {

enum class ErrorModel {
  exact,        // moves bits, or rounds once: bit equality with the reference
  elementwise,  // a few roundings and one transcendental per element
  reduction,    // a sum over one dimension, then elementwise work
  dot,          // |err| <= u_out |y| + g(K) u_acc sum |a b|
  attention,    // two chained dots around a softmax
  selection,    // indices and the values they select: equal
};

}  // namespace candor
