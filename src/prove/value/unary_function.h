// The functions of one argument, in extended precision, with the error that an honest f32 kernel may have.
#pragma once

#include <string>

#include "candor/op_kinds.h"
#include "prove/experiment.h"

namespace candor::prove {

/// Those with exact results first.
inline constexpr UnaryKind kUnaryKinds[] = {
    UnaryKind::neg,  UnaryKind::abs,     UnaryKind::relu, UnaryKind::sqrt,      UnaryKind::rsqrt,   UnaryKind::exp,
    UnaryKind::tanh, UnaryKind::sigmoid, UnaryKind::silu, UnaryKind::gelu_tanh, UnaryKind::gelu_erf};

std::string name_of(UnaryKind kind);
/// True for neg, abs and relu: the bits of the argument move, and no arithmetic is done.
bool moves_bits(UnaryKind kind);
/// True where the function has values for x < 0.
bool takes_negative(UnaryKind kind);

/// f(x), give or take as many ulp of f32 (of the subnormals' unit below the normal range) as an honest kernel may err:
/// none where the result is one correctly rounded operation, 2 for rsqrt (two such operations), 8 for gelu_erf, 4
/// elsewhere. The range does not cross zero.
Prediction function_range(UnaryKind kind, double x);

}  // namespace candor::prove
