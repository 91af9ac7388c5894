#include "backend/ref/elements.h"
#include "backend/ref/functions.h"
#include "backend/ref/kernels.h"

namespace candor::ref {

void binary(const Binary& args, Stream&) {
  for (std::int64_t r = 0; r < row_count(args.y); ++r) {
    Doubles values = load_row(args.x, r);
    const Doubles others = load_row(args.z, r);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = apply(args.kind, values[i], others[i]);
    store_row(args.y, r, values);
  }
}

}  // namespace candor::ref
