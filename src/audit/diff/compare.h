// Sets the elements of two tensors side by side.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "audit/diff/history.h"
#include "audit/diff/tally.h"

namespace candor::audit_internal::comparison {

/// Compares elements of two dtypes. Const and without state: threads share it.
class Comparer {
 public:
  virtual ~Comparer() = default;
  /// `count` elements (whole blocks of both), of which the first has index `first`.
  virtual void compare(const std::byte* a, const std::byte* b, std::size_t count, std::uint64_t first,
                       Tally& tally) const = 0;
  /// Of Tally::histories, in its order; empty: compared as bytes.
  virtual const std::vector<History>& histories() const = 0;
};

/// The elements of both are read as numbers; else, of equal dtypes, the bytes are compared.
bool compared_by_value(DType a, DType b);
/// nullptr: neither the values nor, of equal dtypes, the bytes can be compared.
std::unique_ptr<Comparer> make_comparer(DType a, DType b);

}  // namespace candor::audit_internal::comparison
