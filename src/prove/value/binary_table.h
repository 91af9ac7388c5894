// A function of many pairs of operands at once, no two rows or columns alike: whether each element is that of its own
// operands, and how near it comes.
#pragma once

#include "candor/op_kinds.h"
#include "prove/experiment.h"

namespace candor::prove {

/// The operands: "…; the result is how many elements are wrong".
std::string binary_table_input();

/// One result: how many elements are wrong with whole operands and with one row or one column of each.
std::vector<Result> wrong_in_tables(const Storage3& storage, BinaryKind kind, const KernelRow& row, Stream& stream);

}  // namespace candor::prove
