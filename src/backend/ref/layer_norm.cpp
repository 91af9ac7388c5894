#include <cmath>

#include "backend/ref/elements.h"
#include "backend/ref/kernels.h"

namespace candor::ref {

void layer_norm(const LayerNorm& args, Stream&) {
  const Doubles weight = load_all(args.weight);                                        // [C]
  const Doubles bias = args.bias.present() ? load_all(args.bias) : Doubles();           // [C] or none
  for (std::int64_t r = 0; r < row_count(args.x); ++r) {
    Doubles values = load_row(args.x, r);                                              // [C]
    if (args.residual.present()) {
      const Doubles residual = load_row(args.residual, r);
      for (std::size_t c = 0; c < values.size(); ++c) values[c] += residual[c];
      store_row(args.sum, r, values);
      values = load_row(args.sum, r);  // what is normalised is the stored sum
    }
    const double count = static_cast<double>(values.size());
    double mean = 0;
    for (const double value : values) mean += value;
    mean /= count;
    double variance = 0;
    for (const double value : values) variance += (value - mean) * (value - mean);
    const double scale = 1.0 / std::sqrt(variance / count + args.eps);
    for (std::size_t c = 0; c < values.size(); ++c) {
      values[c] = (values[c] - mean) * scale * weight[c];
      if (!bias.empty()) values[c] += bias[c];
    }
    store_row(args.y, r, values);
  }
}

}  // namespace candor::ref
