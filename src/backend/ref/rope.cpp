#include "backend/ref/elements.h"
#include "backend/ref/kernels.h"

namespace candor::ref {

void rope(const Rope& args, Stream&) {
  const std::int64_t heads = args.x.shape[1], pairs = args.cos.shape[1];
  const bool half_split = args.style == RopeStyle::half_split;
  for (std::int64_t t = 0; t < args.x.shape[0]; ++t) {
    const Doubles cos = load_row(args.cos, t), sin = load_row(args.sin, t);    // [R]
    for (std::int64_t h = 0; h < heads; ++h) {
      Doubles values = load_row(args.x, t * heads + h);                        // [D]
      for (std::int64_t i = 0; i < pairs; ++i) {
        double& first = values[half_split ? i : 2 * i];
        double& second = values[half_split ? i + pairs : 2 * i + 1];
        const double x = first, z = second;
        first = x * cos[i] - z * sin[i];
        second = z * cos[i] + x * sin[i];
      }
      store_row(args.y, t * heads + h, values);
    }
  }
}

}  // namespace candor::ref
