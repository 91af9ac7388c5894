// Rows whose largest elements differ with the format in which they are compared.
#pragma once

#include <vector>

#include "prove/conversion/stored_elements.h"
#include "prove/experiment.h"

namespace candor::prove {

struct SelectionCanary {
  Canary text;
  Codes codes;  // row-major; one row for index and value
  std::size_t columns = 0;
  enum { index, value, counted, nan_values, ranked } kind = index;
  std::size_t rank = 0;                  // index, value: of the element of this rank
  std::size_t ranks = 1;                 // ranked: how many are asked for
  std::vector<std::size_t> wanted = {};  // the others: the indices of the `ranks` largest elements of each row
  Values values(DType dtype) const;
};

/// For indices of the first `ranks` ranks.
std::vector<SelectionCanary> selection_canaries(DType dtype, std::size_t ranks);
/// For the values that go with them, and for every rank at once.
void add_value_canaries(std::vector<SelectionCanary>& all, DType dtype);

/// Rows of the codes; a single row is repeated. `gap` more elements after each, which are NaN or very large.
View placed_rows(Operands& memory, DType dtype, const Codes& codes, std::size_t columns, std::int64_t rows,
                 std::int64_t gap);

}  // namespace candor::prove
