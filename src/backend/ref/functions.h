// Scalar functions of the reference kernels, in f64.
#pragma once

#include "candor/op_kinds.h"

namespace candor::ref {

double activate(Activation activation, double x);
double apply(UnaryKind kind, double x);  // a NaN is its own result; neg and abs act on its sign
double apply(BinaryKind kind, double x, double z);

/// The order of argmax and top_k: a NaN ranks above every number and as high as any other NaN.
bool ranks_below(double x, double z);

}  // namespace candor::ref
