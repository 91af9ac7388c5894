#include "backend/ref/elements.h"
#include "backend/ref/kernels.h"

namespace candor::ref {

void fill(const Fill& args, Stream&) {
  const Doubles values(static_cast<std::size_t>(row_length(args.y)), args.value);
  for (std::int64_t r = 0; r < row_count(args.y); ++r) store_row(args.y, r, values);
}

}  // namespace candor::ref
