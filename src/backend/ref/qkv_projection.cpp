#include "backend/ref/dot.h"
#include "backend/ref/kernels.h"

namespace candor::ref {

void qkv_projection(const QkvProjection& args, Stream&) {
  store_all(args.q, linear(args.x, args.q_weight, args.q_bias));
  store_all(args.k, linear(args.x, args.k_weight, args.k_bias));
  store_all(args.v, linear(args.x, args.v_weight, args.v_bias));
}

}  // namespace candor::ref
