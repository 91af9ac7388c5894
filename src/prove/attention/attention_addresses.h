// Which key and value a query of attention takes: every query chooses one key, and every value is a number of its own.
#pragma once

#include <optional>

#include "prove/experiment.h"
#include "prove/operands.h"

namespace candor::prove {

struct AddressCase {
  std::int64_t batches, tokens, heads, kv_heads, dim, keys;  // keys <= dim
  bool causal;
  Canary text() const;
  std::int64_t elements() const { return batches * tokens * heads * dim; }
};

inline constexpr AddressCase kAddressCases[] = {
    {1, 1, 4, 2, 80, 1, true},   {2, 1, 6, 3, 8, 5, true},   {2, 3, 4, 2, 80, 5, true},
    {1, 19, 6, 2, 64, 23, true}, {2, 2, 3, 3, 64, 7, false},
};

/// How many elements of y are right; nothing where the row refuses the shapes. All weights are 0 or 1, and every step
/// is exact in all formats.
std::optional<Result> right_elements(const AddressCase& at, const Storage3& storage, const KernelRow& row,
                                     Stream& stream);

}  // namespace candor::prove
