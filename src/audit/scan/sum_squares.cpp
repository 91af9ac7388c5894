#include <cmath>

#include "audit/load.h"
#include "audit/scan/significand_table.h"
#include "audit/scan/vector_loops.h"

namespace candor::audit_internal {
namespace {

template <class T>
double finite_sum(const std::byte* values, std::size_t elements) {
  double sum = 0;
  for (std::size_t i = 0; i < elements; ++i)
    if (const double x = load<T>(values + i * sizeof(T)); std::isfinite(x)) sum += x * x;
  return sum;
}

}  // namespace

double sum_squares_f32(const std::byte* values, std::size_t elements) {
  // No square of an f32 overflows f64, so that a sum that is not finite has met a value that is not.
  const double sum = sum_squares(values, elements);
  return std::isfinite(sum) ? sum : finite_sum<float>(values, elements);
}

double sum_squares_f64(const std::byte* values, std::size_t elements) { return finite_sum<double>(values, elements); }

}  // namespace candor::audit_internal
