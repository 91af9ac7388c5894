#include "backend/ref/functions.h"

#include <cmath>
#include <limits>
#include <numbers>

namespace candor::ref {
namespace {

double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }

double silu(double x) { return x / (1.0 + std::exp(-x)); }

// 0.5 x (1 + tanh(u)) = x / (1 + exp(-2u)): no cancellation in the negative tail.
double gelu_tanh(double x) {
  const double u = std::sqrt(2.0 / std::numbers::pi) * (x + 0.044715 * x * x * x);
  return x / (1.0 + std::exp(-2.0 * u));
}

// 0.5 x (1 + erf(x / √2)) = 0.5 x erfc(-x / √2): no cancellation in the negative tail.
double gelu_erf(double x) { return 0.5 * x * std::erfc(-x / std::numbers::sqrt2); }

double relu(double x) { return x < 0.0 ? 0.0 : x; }  // keeps NaN and -0

}  // namespace

double activate(Activation activation, double x) {
  switch (activation) {
    case Activation::identity:
      return x;
    case Activation::relu:
      return relu(x);
    case Activation::silu:
      return silu(x);
    case Activation::gelu_tanh:
      return gelu_tanh(x);
    case Activation::gelu_erf:
      return gelu_erf(x);
  }
  return std::numeric_limits<double>::quiet_NaN();
}

double apply(UnaryKind kind, double x) {
  if (std::isnan(x) && kind != UnaryKind::neg && kind != UnaryKind::abs) return x;  // a formula may turn its sign
  switch (kind) {
    case UnaryKind::neg:
      return -x;
    case UnaryKind::abs:
      return std::fabs(x);
    case UnaryKind::sqrt:
      return std::sqrt(x);
    case UnaryKind::rsqrt:
      return 1.0 / std::sqrt(x);
    case UnaryKind::exp:
      return std::exp(x);
    case UnaryKind::tanh:
      return std::tanh(x);
    case UnaryKind::sigmoid:
      return sigmoid(x);
    case UnaryKind::relu:
      return relu(x);
    case UnaryKind::silu:
      return silu(x);
    case UnaryKind::gelu_tanh:
      return gelu_tanh(x);
    case UnaryKind::gelu_erf:
      return gelu_erf(x);
  }
  return std::numeric_limits<double>::quiet_NaN();
}

double apply(BinaryKind kind, double x, double z) {
  const bool nan = std::isnan(x) || std::isnan(z);
  switch (kind) {
    case BinaryKind::add:
      return x + z;
    case BinaryKind::sub:
      return x - z;
    case BinaryKind::mul:
      return x * z;
    case BinaryKind::div:
      return x / z;
    case BinaryKind::max:
      return nan ? x + z : x < z ? z : x;
    case BinaryKind::min:
      return nan ? x + z : z < x ? z : x;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

bool ranks_below(double x, double z) { return std::isnan(z) ? !std::isnan(x) : x < z; }

}  // namespace candor::ref
