// The functions of two operands, in f64.
#pragma once

#include <string>

#include "candor/op_kinds.h"

namespace candor::prove {

std::string name_of(BinaryKind kind);
double value_of(BinaryKind kind, double x, double z);
/// One of the operands comes out as it is.
bool moves_bits(BinaryKind kind);

}  // namespace candor::prove
