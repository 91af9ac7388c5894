#include "prove/value/unary_function.h"

#include <algorithm>
#include <numbers>

namespace candor::prove {
namespace {

using Extended = long double;

Extended value_of(UnaryKind kind, Extended x) {
  switch (kind) {
    case UnaryKind::neg:
      return -x;
    case UnaryKind::abs:
      return std::fabs(x);
    case UnaryKind::relu:
      return x < 0 ? 0 : x;
    case UnaryKind::sqrt:
      return std::sqrt(x);
    case UnaryKind::rsqrt:
      return 1 / std::sqrt(x);
    case UnaryKind::exp:
      return std::exp(x);
    case UnaryKind::tanh:
      return std::tanh(x);
    case UnaryKind::sigmoid:
      return 1 / (1 + std::exp(-x));
    case UnaryKind::silu:
      return x / (1 + std::exp(-x));
    case UnaryKind::gelu_tanh: {
      const Extended u = std::sqrt(2 / std::numbers::pi_v<Extended>) * (x + 0.044715L * x * x * x);
      return x / (1 + std::exp(-2 * u));
    }
    case UnaryKind::gelu_erf:
      return x / 2 * std::erfc(-x / std::numbers::sqrt2_v<Extended>);
  }
  return x;
}

double ulps(UnaryKind kind) {
  if (moves_bits(kind) || kind == UnaryKind::sqrt) return 0;
  if (kind == UnaryKind::rsqrt) return 2;
  return kind == UnaryKind::gelu_erf ? 8 : 4;
}

}  // namespace

std::string name_of(UnaryKind kind) {
  switch (kind) {
    case UnaryKind::neg:
      return "neg";
    case UnaryKind::abs:
      return "abs";
    case UnaryKind::relu:
      return "relu";
    case UnaryKind::sqrt:
      return "sqrt";
    case UnaryKind::rsqrt:
      return "rsqrt";
    case UnaryKind::exp:
      return "exp";
    case UnaryKind::tanh:
      return "tanh";
    case UnaryKind::sigmoid:
      return "sigmoid";
    case UnaryKind::silu:
      return "silu";
    case UnaryKind::gelu_tanh:
      return "gelu_tanh";
    case UnaryKind::gelu_erf:
      return "gelu_erf";
  }
  return "";
}

bool moves_bits(UnaryKind kind) { return kind == UnaryKind::neg || kind == UnaryKind::abs || kind == UnaryKind::relu; }

bool takes_negative(UnaryKind kind) { return kind != UnaryKind::sqrt && kind != UnaryKind::rsqrt; }

Prediction function_range(UnaryKind kind, double x) {
  const Extended exact = value_of(kind, x);
  const auto value = static_cast<double>(exact);
  if (ulps(kind) == 0 || exact == 0 || !std::isfinite(value)) return exactly(value);
  const double error = ulps(kind) * std::ldexp(1.0, std::max(std::ilogb(exact) - 23, -149));
  if (value < 0) return {value - error, std::min(value + error, -0.0)};
  return {std::max(value - error, 0.0), value + error};
}

}  // namespace candor::prove
