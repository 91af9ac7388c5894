#include <cmath>

#include "backend/ref/elements.h"
#include "backend/ref/kernels.h"

namespace candor::ref {

void rms_norm(const RmsNorm& args, Stream&) {
  const Doubles weight = load_all(args.weight);                        // [C]
  for (std::int64_t r = 0; r < row_count(args.x); ++r) {
    Doubles values = load_row(args.x, r);                              // [C]
    if (args.residual.present()) {
      const Doubles residual = load_row(args.residual, r);
      for (std::size_t c = 0; c < values.size(); ++c) values[c] += residual[c];
      store_row(args.sum, r, values);
      values = load_row(args.sum, r);  // what is normalised is the stored sum
    }
    double squares = 0;
    for (const double value : values) squares += value * value;
    const double scale = 1.0 / std::sqrt(squares / static_cast<double>(values.size()) + args.eps);
    for (std::size_t c = 0; c < values.size(); ++c) values[c] = values[c] * scale * weight[c];
    store_row(args.y, r, values);
  }
}

}  // namespace candor::ref
