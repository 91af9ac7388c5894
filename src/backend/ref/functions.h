// Scalar functions of the reference kernels, in f64.
#pragma once

#include "candor/op_kinds.h"

namespace candor::ref {

double activate(Activation activation, double x);
double apply(UnaryKind kind, double x);
double apply(BinaryKind kind, double x, double z);

}  // namespace candor::ref
