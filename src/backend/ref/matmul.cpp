#include "backend/ref/dot.h"
#include "backend/ref/kernels.h"

namespace candor::ref {

void matmul(const Matmul& args, Stream&) { store_all(args.y, linear(args.x, args.weight, args.bias)); }

}  // namespace candor::ref
