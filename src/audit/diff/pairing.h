// Which tensor of B belongs to which of A.
#pragma once

#include <string_view>
#include <vector>

#include "audit/diff/crew.h"
#include "audit/diff/row_order.h"
#include "candor/io.h"

namespace candor::audit_internal::comparison {

struct TensorPair {
  const TensorEntry* a = nullptr;  // nullptr: added
  const TensorEntry* b = nullptr;  // nullptr: missing
  std::string_view matched_by;     // as TensorDiff::matched_by
  RowOrder rows = {};              // set only where both have their elements in place
};

/// By name; what is left over by equal bytes, by equal bytes with rows and columns exchanged, by values, and by values
/// with rows in GGUF's order for Q and K. In the order of A, then those only in B. Tensors that the options leave out
/// are in no pair. errors   ValueError (a pattern that names no tensor), Cancelled
std::vector<TensorPair> pair_tensors(const Checkpoint& a, const Checkpoint& b, const DiffOptions& options,
                                     const Crew& crew);

/// True when B's tensor is A's with rows and columns exchanged; reads no further than the first difference.
bool are_exchanged(const Checkpoint& a, const Checkpoint& b, const TensorPair& pair);

}  // namespace candor::audit_internal::comparison
