#include <algorithm>
#include <cmath>

#include "backend/ref/elements.h"
#include "backend/ref/kernels.h"

namespace candor::ref {

void softmax(const Softmax& args, Stream&) {
  for (std::int64_t r = 0; r < row_count(args.x); ++r) {
    Doubles values = load_row(args.x, r);                  // [C]
    if (values.empty()) continue;
    const double largest = *std::max_element(values.begin(), values.end());
    double sum = 0;
    for (double& value : values) sum += value = std::exp(value - largest);
    for (double& value : values) value /= sum;
    store_row(args.y, r, values);
  }
}

}  // namespace candor::ref
