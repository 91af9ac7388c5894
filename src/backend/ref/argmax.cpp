#include <algorithm>

#include "backend/ref/elements.h"
#include "backend/ref/functions.h"
#include "backend/ref/kernels.h"

namespace candor::ref {

void argmax(const Argmax& args, Stream&) {
  for (std::int64_t r = 0; r < row_count(args.x); ++r) {
    const Doubles values = load_row(args.x, r);                                      // [C]
    const auto first = std::max_element(values.begin(), values.end(), ranks_below);  // the first among equals
    const auto index = first - values.begin();
    store_element(args.indices.dtype, args.indices.as<void>(), r * args.indices.stride[0], static_cast<double>(index));
  }
}

}  // namespace candor::ref
