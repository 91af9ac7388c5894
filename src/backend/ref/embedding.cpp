#include "backend/ref/elements.h"
#include "backend/ref/kernels.h"

namespace candor::ref {

void embedding(const Embedding& args, Stream&) {
  for (std::int64_t t = 0; t < args.ids.shape[0]; ++t) {
    const auto id = static_cast<std::int64_t>(load_element(args.ids.dtype, args.ids.data, t * args.ids.stride[0]));
    store_row(args.y, t, load_row(args.table, id));
  }
}

}  // namespace candor::ref
