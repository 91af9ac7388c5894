#include "backend/ref/elements.h"
#include "backend/ref/functions.h"
#include "backend/ref/kernels.h"

namespace candor::ref {

void unary(const Unary& args, Stream&) {
  for (std::int64_t r = 0; r < row_count(args.x); ++r) {
    Doubles values = load_row(args.x, r);
    for (double& value : values) value = apply(args.kind, value);
    store_row(args.y, r, values);
  }
}

}  // namespace candor::ref
