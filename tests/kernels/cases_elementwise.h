// unary and binary.
#pragma once

#include <gtest/gtest.h>

#include "backend/ref/functions.h"
#include "kernels/case.h"
#include "kernels/plain.h"

namespace candor::test {

inline constexpr UnaryKind kUnaryKinds[] = {UnaryKind::neg,  UnaryKind::abs,       UnaryKind::sqrt,    UnaryKind::rsqrt,
                                            UnaryKind::exp,  UnaryKind::tanh,      UnaryKind::sigmoid, UnaryKind::relu,
                                            UnaryKind::silu, UnaryKind::gelu_tanh, UnaryKind::gelu_erf};
inline constexpr BinaryKind kBinaryKinds[] = {BinaryKind::add, BinaryKind::sub, BinaryKind::mul,
                                              BinaryKind::div, BinaryKind::max, BinaryKind::min};

struct ElementwiseConfig {
  std::int64_t rows, columns;
  int kind;
  bool gaps;
  int broadcast = 0;  // binary: 0 none, 1 z is one row, 2 z is one column, 3 x is one element, 4 x is transposed

  std::string text() const {
    return "[" + std::to_string(rows) + ", " + std::to_string(columns) + "] kind=" + std::to_string(kind) +
           (gaps ? " gaps" : "") + " broadcast=" + std::to_string(broadcast);
  }
};

inline std::vector<ElementwiseConfig> elementwise_configs(int kinds, int broadcasts, Level level) {
  struct Size {
    std::int64_t rows, columns;
  };
  std::vector<Size> sizes = {{0, 5}, {1, 0}, {1, 1}, {1, 15}, {1, 16}, {1, 17}, {3, 31}, {2, 33}, {5, 64}, {7, 100}};
  if (level == Level::slow) sizes.insert(sizes.end(), {{40, 257}, {1, 4099}, {129, 48}});
  std::vector<ElementwiseConfig> configs;
  for (int kind = 0; kind < kinds; ++kind)
    for (std::size_t i = 0; i < sizes.size(); ++i)
      configs.push_back({sizes[i].rows, sizes[i].columns, kind, i % 2 == 1,
                         broadcasts == 0 ? 0 : static_cast<int>(i + static_cast<std::size_t>(kind)) % broadcasts});
  return configs;
}

inline Placement elementwise_placement(bool gaps) {
  return gaps ? Placement{.row_gap = 5, .misaligned = 1} : Placement{};
}

// Largest error of f32 functions in ulp of the result: half of one for a correctly rounded operation, otherwise what
// the vector functions state.
inline double unary_ulps(UnaryKind kind) {
  switch (kind) {
    case UnaryKind::neg:
    case UnaryKind::abs:
    case UnaryKind::relu:
      return 0;
    case UnaryKind::sqrt:
      return 0.5;
    case UnaryKind::rsqrt:
      return 1.5;  // a square root and a division
    case UnaryKind::exp:
      return kExpUlps;
    case UnaryKind::tanh:
      return kTanhUlps;
    case UnaryKind::sigmoid:
      return kSigmoidUlps;
    case UnaryKind::silu:
      return kSiluUlps;
    case UnaryKind::gelu_tanh:
      return kGeluTanhUlps;
    case UnaryKind::gelu_erf:
      return kGeluErfUlps;
  }
  return 0;
}

template <>
struct Cases<Unary> {
  using Config = ElementwiseConfig;
  static constexpr int kStoredOutputs = 0;

  static std::vector<Config> configs(const Precision&, Level level) {
    return elementwise_configs(std::size(kUnaryKinds), 0, level);
  }
  static std::string text(const Config& config) { return config.text(); }

  // Exact: arguments whose result is a small number for every kind.
  static Doubles exact_values(Maker& maker, UnaryKind kind, std::int64_t count) {
    Doubles values = maker.values(count, 12);
    for (double& value : values) {
      if (kind == UnaryKind::sqrt)
        value *= value;
      else if (kind == UnaryKind::rsqrt)
        value = std::exp2(2.0 * std::nearbyint(value / 4));
      else if (kind != UnaryKind::neg && kind != UnaryKind::abs && kind != UnaryKind::relu)
        value = 0;
    }
    return values;
  }

  static Unary make(Maker& maker, const Precision& precision, const Config& c) {
    const UnaryKind kind = kUnaryKinds[c.kind];
    const std::int64_t count = c.rows * c.columns;
    Doubles values = maker.exact() ? exact_values(maker, kind, count) : maker.values(count, 1);
    if (kind == UnaryKind::sqrt || kind == UnaryKind::rsqrt)
      for (double& value : values) value = std::fabs(value);
    return {.x = maker.given(precision.a, {c.rows, c.columns}, values, elementwise_placement(c.gaps)),
            .y = maker.output(precision.out, {c.rows, c.columns}, elementwise_placement(c.gaps)),
            .kind = kind};
  }

  static std::vector<Doubles> bounds(const Unary& args, const KernelRow&, const std::vector<Doubles>& expected) {
    Doubles bounds;
    const double ulps = unary_ulps(args.kind);
    for (const double y : expected[0])  // an ulp is at most 2 u |y|, or the spacing of the subnormals
      bounds.push_back(rounded_to(args.y.dtype, y, ulps * std::max(2 * kUnitF32 * std::fabs(y), 0x1p-149)));
    return {bounds};
  }

  static float plain_value(UnaryKind kind, float x) {
    switch (kind) {
      case UnaryKind::neg:
        return -x;
      case UnaryKind::abs:
        return std::fabs(x);
      case UnaryKind::sqrt:
        return std::sqrt(x);
      case UnaryKind::rsqrt:
        return 1.0f / std::sqrt(x);
      case UnaryKind::exp:
        return std::exp(x);
      case UnaryKind::tanh:
        return std::tanh(x);
      case UnaryKind::sigmoid:
        return 1.0f / (1.0f + std::exp(-x));
      case UnaryKind::relu:
        return x < 0.0f ? 0.0f : x;
      case UnaryKind::silu:
        return plain::silu(x);
      case UnaryKind::gelu_tanh:
        return plain::gelu_tanh(x);
      case UnaryKind::gelu_erf:
        return plain::gelu_erf(x);
    }
    return x;
  }
  static void plain(const Unary& args) {
    plain::Floats values = plain::load(args.x);
    for (float& value : values) value = plain_value(args.kind, value);
    plain::store(args.y, values);
  }

  static void claims(Runner<Unary>& runner);
};

template <>
struct Cases<Binary> {
  using Config = ElementwiseConfig;
  static constexpr int kStoredOutputs = 0;

  static std::vector<Config> configs(const Precision&, Level level) {
    return elementwise_configs(std::size(kBinaryKinds), 5, level);
  }
  static std::string text(const Config& config) { return config.text(); }

  // Broadcasts as src/ops makes them: stride 0, and for 4 a transposed x.
  static Binary make(Maker& maker, const Precision& precision, const Config& c) {
    const BinaryKind kind = kBinaryKinds[c.kind];
    const std::int64_t r = c.rows, k = c.columns;
    const Placement placement = elementwise_placement(c.gaps);
    View x = c.broadcast == 3   ? maker.input(precision.a, {1, 1}, 99)
             : c.broadcast == 4 ? maker.input(precision.a, {k, r}, 99, placement)
                                : maker.input(precision.a, {r, k}, 99, placement);
    const std::int64_t zr = c.broadcast == 1 ? 1 : r, zk = c.broadcast == 2 ? 1 : k;
    Doubles divisors = maker.values(zr * zk, 99);
    for (double& z : divisors)
      if (kind == BinaryKind::div && maker.exact()) z = std::copysign(std::exp2(std::fmod(std::fabs(z), 5.0)), z);
    View z = maker.given(precision.b, {zr, zk}, divisors, placement);
    if (c.broadcast == 3) x.stride[0] = x.stride[1] = 0;
    if (c.broadcast == 4) std::swap(x.stride[0], x.stride[1]);
    if (c.broadcast == 1) z.stride[0] = 0;
    if (c.broadcast == 2) z.stride[1] = 0;
    for (View* view : {&x, &z}) {
      view->shape[0] = r;
      view->shape[1] = k;
    }
    return {.x = x, .z = z, .y = maker.output(precision.out, {r, k}), .kind = kind};
  }

  static std::vector<Doubles> bounds(const Binary& args, const KernelRow&, const std::vector<Doubles>& expected) {
    const bool exact = args.kind == BinaryKind::max || args.kind == BinaryKind::min;
    Doubles bounds;
    for (const double y : expected[0])
      bounds.push_back(rounded_to(args.y.dtype, y, exact ? 0 : rounding(DType::f32, y)));
    return {bounds};
  }

  static void plain(const Binary& args) {
    plain::Floats values = plain::load(args.x);
    const plain::Floats others = plain::load(args.z);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const float x = values[i], z = others[i];
      switch (args.kind) {
        case BinaryKind::add:
          values[i] = x + z;
          break;
        case BinaryKind::sub:
          values[i] = x - z;
          break;
        case BinaryKind::mul:
          values[i] = x * z;
          break;
        case BinaryKind::div:
          values[i] = x / z;
          break;
        case BinaryKind::max:
          values[i] = std::max(x, z);
          break;
        case BinaryKind::min:
          values[i] = std::min(x, z);
          break;
      }
    }
    plain::store(args.y, values);
  }

  static void claims(Runner<Binary>& runner);
};

}  // namespace candor::test
