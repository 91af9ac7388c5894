#include "prove/sum.h"

namespace candor::prove {
namespace {

constexpr double kSmallestNormalF32 = 0x1p-126;
constexpr double kLargestF16 = 65504;

/// Also when it is rounded on entry: zero times what f16 makes infinite is NaN.
bool stays_finite(double value) { return std::fabs(value) <= kLargestF16; }

std::size_t partial_sums(Order order) {
  return order == Order::halves_apart ? 2 : order == Order::sixteen_lanes ? 16 : 1;
}

std::size_t partial_sum_of(Order order, std::int64_t k, std::int64_t extent) {
  if (order == Order::halves_apart) return k < extent / 2 ? 0 : 1;
  return order == Order::sixteen_lanes ? static_cast<std::size_t>(k % 16) : 0;
}

/// The i-th term to be added: the two terms of a pair change places when the odd one comes first.
std::size_t term_at(Order order, const Terms& terms, std::size_t i) {
  if (order != Order::odd_first) return i;
  if (terms.k[i] % 2 == 0 && i + 1 < terms.k.size() && terms.k[i + 1] == terms.k[i] + 1) return i + 1;
  return terms.k[i] % 2 == 1 && i > 0 && terms.k[i - 1] == terms.k[i] - 1 ? i - 1 : i;
}

/// Lane i + lane i + width, for falling widths.
double tree(const Arithmetic& a, Values lanes) {
  for (std::size_t width = lanes.size() / 2; width >= 1; width /= 2)
    for (std::size_t i = 0; i < width; ++i) lanes[i] = flushed(a, round_to(a.accumulate, lanes[i] + lanes[i + width]));
  return lanes[0];
}

}  // namespace

double flushed(const Arithmetic& arithmetic, double value) {
  return arithmetic.flushes && std::fabs(value) < kSmallestNormalF32 ? std::copysign(0.0, value) : value;
}

double entering(const Arithmetic& arithmetic, DType entry, double value) {
  return round_to(entry, flushed(arithmetic, value));
}

Terms terms_of(const Values& x, const Values& w) {
  Terms terms;
  terms.extent = static_cast<std::int64_t>(x.size());
  for (std::size_t k = 0; k < x.size(); ++k) {
    if ((x[k] == 0 && stays_finite(w[k])) || (w[k] == 0 && stays_finite(x[k]))) continue;
    terms.k.push_back(static_cast<std::int64_t>(k));
    terms.x.push_back(x[k]);
    terms.w.push_back(w[k]);
  }
  return terms;
}

double sum_of_products(const Arithmetic& a, const Terms& terms) {
  Values sums(partial_sums(a.order), 0.0);
  for (std::size_t i = 0; i < terms.k.size(); ++i) {
    const std::size_t t = term_at(a.order, terms, i);
    const double x = entering(a, a.entry_a, terms.x[t]), w = entering(a, a.entry_b, terms.w[t]);
    double& sum = sums[partial_sum_of(a.order, terms.k[t], terms.extent)];
    sum = flushed(a, round_to(a.accumulate, sum + round_to(a.product, x * w)));
  }
  return tree(a, sums);
}

double stored(const Arithmetic& arithmetic, DType out, double value) {
  if (arithmetic.loses_nan && std::isnan(value)) return 0;
  return round_to(out, round_to(arithmetic.before_out, value), arithmetic.rounding);
}

Prediction stored(const Arithmetic& arithmetic, DType out, const Prediction& range) {
  return {stored(arithmetic, out, range.low), stored(arithmetic, out, range.high)};
}

}  // namespace candor::prove
