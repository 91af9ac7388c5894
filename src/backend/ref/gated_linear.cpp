#include "backend/ref/dot.h"
#include "backend/ref/functions.h"
#include "backend/ref/kernels.h"

namespace candor::ref {

void gated_linear(const GatedLinear& args, Stream&) {
  Doubles gate = linear(args.x, args.gate_weight, args.gate_bias);     // [M, N]
  const Doubles up = linear(args.x, args.up_weight, args.up_bias);     // [M, N]
  for (std::size_t i = 0; i < gate.size(); ++i) gate[i] = activate(args.activation, gate[i]) * up[i];
  store_all(args.y, gate);
}

}  // namespace candor::ref
