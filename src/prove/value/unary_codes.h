// Many arguments of one function at once, each with what may come out: every number of a 16-bit storage.
#pragma once

#include <vector>

#include "prove/value/unary_function.h"
#include "prove/value/value_path.h"

namespace candor::prove {

struct UnaryCodes {
  std::vector<std::uint64_t> codes;  // of the arguments
  std::vector<Prediction> right;     // for each of them, whether subnormals are flushed or not
  std::string input;                 // "65024 numbers …"
  std::size_t size() const { return codes.size(); }
};

/// Every number of a 16-bit storage; of a wider one 4096 that are drawn. Without those that are zero or subnormal, or
/// whose result is or comes near the ends of f32.
UnaryCodes unary_codes(const Storage3& storage, UnaryKind kind);

}  // namespace candor::prove
