// rms_norm and layer_norm.
#pragma once

#include "kernels/case.h"
#include "kernels/plain.h"

namespace candor::test {

struct NormConfig {
  std::int64_t rows, columns;
  bool residual, gaps;
  bool bias = false;
  std::string text() const {
    return "[" + std::to_string(rows) + ", " + std::to_string(columns) + "]" + (residual ? " residual" : "") +
           (gaps ? " gaps" : "") + (bias ? " bias" : "");
  }
};

inline std::vector<NormConfig> norm_configs(Level level) {
  struct Size { std::int64_t rows, columns; };
  std::vector<Size> sizes = {{0, 8},  {3, 1},  {2, 2},  {1, 7},   {4, 14},  {1, 15},  {2, 16},  {3, 17}, {2, 28},
                             {1, 31}, {3, 33}, {2, 56}, {2, 64},  {5, 112}, {2, 128}, {3, 131}, {2, 576}};
  if (level == Level::slow) sizes.insert(sizes.end(), {{17, 2048}, {33, 63}, {129, 224}, {2, 4099}});
  std::vector<NormConfig> configs;
  for (const bool residual : {false, true})
    for (std::size_t i = 0; i < sizes.size(); ++i)
      configs.push_back({sizes[i].rows, sizes[i].columns, residual, i % 2 == 1, i % 3 == 1});
  return configs;
}

inline Placement norm_placement(bool gaps) { return gaps ? Placement{.row_gap = 3, .misaligned = 1} : Placement{}; }

/// One row whose statistics are exact in f32. rms: mean of squares a power of four (1+1+1+25 = 4·7, or all alike);
/// with mean zero for layer_norm (each half mirrored). Zeros where the width allows neither.
inline Doubles exact_row(Random& random, std::int64_t columns, bool mirrored, std::int64_t scale_exponent) {
  Doubles row(static_cast<std::size_t>(columns), 0.0);
  const std::int64_t half = mirrored ? columns / 2 : columns;
  const bool sevens = half > 0 && half % 7 == 0,
             alike = (columns & (columns - 1)) == 0 && (!mirrored || columns % 2 == 0);
  if ((!sevens && !alike) || (mirrored && columns % 2 != 0)) return row;
  for (std::int64_t i = 0; i < half; ++i) {
    const std::int64_t place = i % 7;
    double value = sevens ? (place < 3 ? 1.0 : place == 3 ? 5.0 : 0.0) : 1.0;
    value = std::ldexp(random.bits() & 1u ? value : -value, static_cast<int>(scale_exponent));
    row[static_cast<std::size_t>(i)] = value;
    if (mirrored) row[static_cast<std::size_t>(half + i)] = -value;
  }
  for (std::size_t i = row.size(); i > 1; --i)
    std::swap(row[i - 1], row[static_cast<std::size_t>(random.integer(0, static_cast<std::int64_t>(i) - 1))]);
  return row;
}

/// x, residual and the sum's place. Exact: x + residual is a row of exact_row.
struct NormOperands { View x; ConstView residual; View sum; };
inline NormOperands norm_operands(Maker& maker, const Precision& p, const NormConfig& c, bool mirrored) {
  const std::vector<std::int64_t> shape{c.rows, c.columns};
  const Placement placement = norm_placement(c.gaps);
  Doubles x = maker.values(c.rows * c.columns, 16), residual;
  if (c.residual) residual = maker.values(c.rows * c.columns, 16);
  if (maker.exact()) {
    Random random(maker.next_seed());
    for (std::int64_t r = 0; r < c.rows; ++r) {
      const Doubles row = exact_row(random, c.columns, mirrored, r % 3);
      for (std::int64_t i = 0; i < c.columns; ++i) {
        const auto at = static_cast<std::size_t>(r * c.columns + i);
        x[at] = row[static_cast<std::size_t>(i)] - (c.residual ? residual[at] : 0.0);
      }
    }
  }
  NormOperands operands{maker.given(p.a, shape, x, placement), {}, {}};
  if (c.residual) {
    operands.residual = maker.given(p.a, shape, residual, placement);
    operands.sum = maker.output(p.a, shape, placement);
  }
  return operands;
}

/// eps 0 where exact statistics need it and no row is constant zero.
inline float norm_eps(Maker& maker, std::int64_t columns, bool mirrored) {
  if (!maker.exact()) return 1e-5f;
  Random random(1);
  const Doubles row = exact_row(random, columns, mirrored, 0);
  return std::any_of(row.begin(), row.end(), [](double v) { return v != 0.0; }) ? 0.0f : 1.0f;
}

/// Stored sums are exact in f32 before their one rounding: no error beside equality with the reference.
inline void add_sum_bound(std::vector<Doubles>& bounds, const ConstView& residual,
                          const std::vector<Doubles>& expected) {
  if (residual.present()) bounds.emplace_back(expected[0].size(), 0.0);
}

template <>
struct Cases<RmsNorm> {
  using Config = NormConfig;
  static constexpr int kStoredOutputs = 1;  // the sum, when there is one

  static std::vector<Config> configs(const Precision&, Level level) { return norm_configs(level); }
  static std::string text(const Config& config) { return config.text(); }

  static RmsNorm make(Maker& maker, const Precision& p, const Config& c) {
    const NormOperands o = norm_operands(maker, p, c, false);
    return {.x = o.x,
            .residual = o.residual,
            .weight = maker.input(p.b, {c.columns}, 255, {.misaligned = c.gaps ? 1 : 0}),
            .sum = o.sum,
            .y = maker.output(p.out, {c.rows, c.columns}, norm_placement(c.gaps)),
            .eps = norm_eps(maker, c.columns, false)};
  }

  // scale = 1 / sqrt(mean + eps): gamma(C + 2) on a sum of positive terms, halved by the root, and one u each for the
  // addition, root, division, and two products.
  static std::vector<Doubles> bounds(const RmsNorm& args, const KernelRow& row, const std::vector<Doubles>& expected) {
    std::vector<Doubles> bounds;
    add_sum_bound(bounds, args.residual, expected);
    const double u = unit_roundoff(row.precision.accumulate);
    const double relative = gamma(static_cast<double>(args.x.shape[1]) + 2, u) / 2 + gamma(6, u);
    Doubles errors;
    for (const double y : expected.back())
      errors.push_back(rounded_to(args.y.dtype, y, relative * std::fabs(y) + 0x1p-148));
    bounds.push_back(errors);
    return bounds;
  }

  static void plain(const RmsNorm& args) {
    const plain::Floats x = plain::summed(args), weight = plain::load(args.weight);
    plain::Floats y(x.size());
    const auto columns = static_cast<std::size_t>(args.x.shape[1]);
    for (std::size_t r = 0; r * columns < x.size(); ++r) {
      float squares = 0;
      for (std::size_t c = 0; c < columns; ++c) squares += x[r * columns + c] * x[r * columns + c];
      const float scale = 1.0f / std::sqrt(squares / static_cast<float>(columns) + args.eps);
      for (std::size_t c = 0; c < columns; ++c) y[r * columns + c] = x[r * columns + c] * scale * weight[c];
    }
    plain::store(args.y, y);
  }

  static void claims(Runner<RmsNorm>& runner);
};

template <>
struct Cases<LayerNorm> {
  using Config = NormConfig;
  static constexpr int kStoredOutputs = 1;

  static std::vector<Config> configs(const Precision&, Level level) { return norm_configs(level); }
  static std::string text(const Config& config) { return config.text(); }

  static LayerNorm make(Maker& maker, const Precision& p, const Config& c) {
    const NormOperands o = norm_operands(maker, p, c, true);
    ConstView bias;
    if (c.bias) bias = maker.input(p.b, {c.columns}, 100);
    return {.x = o.x,
            .residual = o.residual,
            .weight = maker.input(p.b, {c.columns}, 255, {.misaligned = c.gaps ? 1 : 0}),
            .bias = bias,
            .sum = o.sum,
            .y = maker.output(p.out, {c.rows, c.columns}, norm_placement(c.gaps)),
            .eps = norm_eps(maker, c.columns, true)};
  }

  // d = x - mean carries e = gamma(C + 1) mean|x| + u |d|; the variance (2 e s + e²) / (s² + eps) relative beside
  // gamma(C + 3); the scale half of that and three roundings; then two products and the bias.
  static std::vector<Doubles> bounds(const LayerNorm& args, const KernelRow& row,
                                     const std::vector<Doubles>& expected) {
    std::vector<Doubles> bounds;
    add_sum_bound(bounds, args.residual, expected);
    const double u = unit_roundoff(row.precision.accumulate);
    const std::int64_t columns = args.x.shape[1];
    const double n = static_cast<double>(columns);
    const Doubles x = args.residual.present() ? expected[0] : ref::load_all(args.x);
    const Doubles weight = ref::load_all(args.weight), y = expected.back();
    Doubles errors(y.size());
    for (std::int64_t r = 0; r < args.x.shape[0]; ++r) {
      double mean = 0, size = 0, variance = 0;
      for (std::int64_t c = 0; c < columns; ++c)
        mean += x[r * columns + c] / n, size += std::fabs(x[r * columns + c]) / n;
      for (std::int64_t c = 0; c < columns; ++c) variance += std::pow(x[r * columns + c] - mean, 2) / n;
      const double spread = std::sqrt(variance), scale = 1 / std::sqrt(variance + args.eps);
      const double shift = gamma(n + 1, u) * size, e = shift + u * spread;
      const double relative = (2 * e * spread + e * e) / (variance + args.eps) + gamma(n + 4, u);
      for (std::int64_t c = 0; c < columns; ++c) {
        const double d = std::fabs(x[r * columns + c] - mean);
        const double unit_error = scale * (shift + u * d) * (1 + relative) + scale * d * (relative / 2 + gamma(5, u));
        const double error = std::fabs(weight[c]) * unit_error +
                             2 * u * (std::fabs(y[r * columns + c]) + std::fabs(weight[c]) * scale * d);
        errors[r * columns + c] = rounded_to(args.y.dtype, y[r * columns + c], error + 0x1p-148);
      }
    }
    bounds.push_back(errors);
    return bounds;
  }

  static void plain(const LayerNorm& args) {
    const plain::Floats x = plain::summed(args), weight = plain::load(args.weight);
    const plain::Floats bias = args.bias.present() ? plain::load(args.bias) : plain::Floats(weight.size(), 0.0f);
    plain::Floats y(x.size());
    const auto columns = static_cast<std::size_t>(args.x.shape[1]);
    for (std::size_t r = 0; r * columns < x.size(); ++r) {
      float mean = 0, variance = 0;
      for (std::size_t c = 0; c < columns; ++c) mean += x[r * columns + c];
      mean /= static_cast<float>(columns);
      for (std::size_t c = 0; c < columns; ++c) variance += (x[r * columns + c] - mean) * (x[r * columns + c] - mean);
      const float scale = 1.0f / std::sqrt(variance / static_cast<float>(columns) + args.eps);
      for (std::size_t c = 0; c < columns; ++c)
        y[r * columns + c] = (x[r * columns + c] - mean) * scale * weight[c] + bias[c];
    }
    plain::store(args.y, y);
  }

  static void claims(Runner<LayerNorm>& runner);
};

}  // namespace candor::test
