#include "backend/ref/elements.h"
#include "backend/ref/kernels.h"

namespace candor::ref {

void cast(const Cast& args, Stream&) {
  for (std::int64_t r = 0; r < row_count(args.x); ++r) store_row(args.y, r, load_row(args.x, r));
}

}  // namespace candor::ref
