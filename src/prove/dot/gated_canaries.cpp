#include "prove/dot/gated_canaries.h"

#include <algorithm>

#include "prove/canary_search.h"
#include "prove/rounding.h"
#include "prove/sum.h"
#include "prove/value/unary_function.h"

namespace candor::prove {
namespace {

constexpr double kUp = 1.40625;  // whatever activation(gate) is rounded to, times this it is not rounded yet
constexpr Activation kActivations[] = {Activation::relu, Activation::silu, Activation::gelu_tanh, Activation::gelu_erf};

UnaryKind kind_of(Activation activation) {
  switch (activation) {
    case Activation::silu:
      return UnaryKind::silu;
    case Activation::gelu_tanh:
      return UnaryKind::gelu_tanh;
    case Activation::gelu_erf:
      return UnaryKind::gelu_erf;
    default:
      return UnaryKind::relu;
  }
}

Prediction activation_range(Activation activation, double x) {
  return activation == Activation::identity ? exactly(x) : function_range(kind_of(activation), x);
}

/// gate = up = 1 + 2^exponent, where a format does not hold it: 1 if it is rounded, and just above a tie if it is not.
GatedCanary squared(int exponent) {
  const double low = std::ldexp(1.0, exponent);
  const std::string sum = "1·1 + 2^" + std::to_string(exponent) + "·1";
  return {
      {"gate and up 1 + 2^" + std::to_string(exponent), "gate = up = " + sum + ", identity"}, {1, low}, {1, 1}, {1, 1}};
}

GatedCanary of_activation(Activation activation, double gate) {
  const std::string function = name_of(kind_of(activation)) + "(" + text_of(gate) + ")";
  return {{function, function + "·" + text_of(kUp)}, {gate}, {1}, {0}, kUp, activation};
}

/// How far beside activation(gate) · kUp the stored result is another one, as an exponent of two; more where it is the
/// same although activation(gate) was rounded to bf16.
int bluntness(DType out, Activation activation, double gate, double side) {
  constexpr int kSharpest = -17, kBluntest = -8, kUnrounded = 100;
  const Prediction range = activation_range(activation, gate);
  const double claimed = round_to(out, range.low * kUp);
  int exponent = kSharpest;
  while (exponent < kBluntest && round_to(out, range.low * kUp * (1 + side * std::ldexp(1.0, exponent))) == claimed)
    ++exponent;
  const bool sure = out == DType::f32 || round_to(out, range.high * kUp) == claimed;
  const bool seen = sure && round_to(out, round_to(DType::bf16, range.low) * kUp) != claimed;
  return seen ? exponent : exponent + kUnrounded;
}

/// The gate of eight bits whose result is the closest to a tie, on this side of it.
double telling_gate(DType out, Activation activation, double side) {
  double best = 1.5;
  int least = bluntness(out, activation, best, side);
  for (int j = 33; j < 256; ++j) {
    const int found = bluntness(out, activation, j / 64.0, side);
    if (found >= least) continue;
    least = found;
    best = j / 64.0;
  }
  return best;
}

}  // namespace

std::vector<GatedCanary> gated_canaries(const Storage3& storage) {
  std::vector<GatedCanary> all = {
      squared(-8),
      squared(-11),
      {{"gate 2^17, up 2^-10", "gate = 2^9·2^8, up = 1·2^-10, identity"}, {0x1p9, 1}, {0x1p8, 0}, {0, 0x1p-10}},
      {{"gate 2^-10, up 2^17", "gate = 1·2^-10, up = 2^9·2^8, identity"}, {0x1p9, 1}, {0, 0x1p-10}, {0x1p8, 0}},
  };
  for (const Activation activation : kActivations) {
    all.push_back(of_activation(activation, -3));  // where the two gelus are far apart
    for (const double side : {1.0, -1.0})
      all.push_back(of_activation(activation, telling_gate(storage.out, activation, side)));
  }
  return all;
}

Prediction gated_result(const Arithmetic& a, DType out, Activation activation, double gate, double up) {
  const Prediction range = activation_range(activation, round_to(a.inner, gate));
  const double factor = round_to(a.inner, up);
  const auto finished = [&](double value) { return flushed(a, round_to(a.accumulate, value * factor)); };
  if (activation == Activation::identity) return stored(a, out, exactly(finished(range.low)));
  const double low = std::min(range.low, round_to(a.inner, range.low));
  const double high = std::max(range.high, round_to(a.inner, range.high));
  return stored(a, out, Prediction{finished(low), finished(high)});
}

}  // namespace candor::prove
