// softmax over the last dimension.
#pragma once

#include "kernels/case.h"
#include "kernels/plain.h"

namespace candor::test {

struct SoftmaxConfig {
  std::int64_t rows, columns;
  bool gaps;
  std::string text() const {
    return "[" + std::to_string(rows) + ", " + std::to_string(columns) + "]" + (gaps ? " gaps" : "");
  }
};

template <>
struct Cases<Softmax> {
  using Config = SoftmaxConfig;
  static constexpr int kStoredOutputs = 0;

  static std::vector<Config> configs(const Precision&, Level level) {
    struct Size { std::int64_t rows, columns; };
    std::vector<Size> sizes = {{0, 4},  {2, 0},  {3, 1},  {2, 2},   {1, 15}, {4, 16},
                               {2, 17}, {3, 31}, {2, 33}, {5, 100}, {3, 257}};
    if (level == Level::slow) sizes.insert(sizes.end(), {{33, 64}, {7, 2048}, {2, 4099}});
    std::vector<Config> configs;
    for (std::size_t i = 0; i < sizes.size(); ++i) configs.push_back({sizes[i].rows, sizes[i].columns, i % 2 == 1});
    return configs;
  }
  static std::string text(const Config& config) { return config.text(); }

  // Exact: 1, 2, 4 … equal winners, everything else at least 200 lower or -infinity: powers of two and zeros.
  static Softmax make(Maker& maker, const Precision& p, const Config& c) {
    Doubles x = maker.values(c.rows * c.columns, 50);
    if (maker.exact()) {
      Random random(maker.next_seed());
      for (std::int64_t r = 0; r < c.rows; ++r) {
        for (std::int64_t i = 0; i < c.columns; ++i)
          x[r * c.columns + i] =
              random.bits() & 3u ? -200.0 + x[r * c.columns + i] - 50 : -std::numeric_limits<double>::infinity();
        for (std::int64_t winners = 1; c.columns > 0 && winners <= c.columns; winners *= 2) {
          for (std::int64_t i = 0; i < winners; ++i) x[r * c.columns + c.columns - 1 - i] = 12.0;
          if (random.bits() & 1u) break;
        }
      }
    }
    const Placement placement = c.gaps ? Placement{.row_gap = 3, .misaligned = 1} : Placement{};
    return {.x = maker.given(p.a, {c.rows, c.columns}, x, placement),
            .y = maker.output(p.out, {c.rows, c.columns}, placement)};
  }

  // exp's argument x - max carries u |x - max|; the sum gamma(C) and its terms' own errors; one division.
  // Subnormals are kept: below 2^-126 an exponential and a quotient each round to a multiple of 2^-149.
  static std::vector<Doubles> bounds(const Softmax& args, const KernelRow& row, const std::vector<Doubles>& expected) {
    const double u = unit_roundoff(row.precision.accumulate);
    const std::int64_t columns = args.x.shape[1];
    const Doubles x = ref::load_all(args.x), &y = expected[0];
    Doubles bounds(y.size());
    for (std::int64_t r = 0; r < args.x.shape[0]; ++r) {
      const auto first = x.begin() + r * columns;
      const double largest = columns == 0 ? 0 : *std::max_element(first, first + columns);
      double sum_error = gamma(static_cast<double>(columns) + 1, u);  // relative: terms are positive
      for (std::int64_t i = 0; i < columns; ++i)
        sum_error += y[r * columns + i] * exp_relative(u * (largest - first[i])) + 0x1p-149;
      for (std::int64_t i = 0; i < columns; ++i) {
        const double value = y[r * columns + i];
        const double relative = value == 0 ? 0 : exp_relative(u * (largest - first[i])) + sum_error + 2 * u;
        bounds[r * columns + i] = rounded_to(args.y.dtype, value, relative * value * (1 + relative) + 0x1p-148);
      }
    }
    return {bounds};
  }

  static void plain(const Softmax& args) {
    plain::Floats values = plain::load(args.x);
    const auto columns = static_cast<std::size_t>(args.x.shape[1]);
    for (std::size_t first = 0; columns > 0 && first < values.size(); first += columns) {
      const float largest = *std::max_element(values.begin() + static_cast<std::ptrdiff_t>(first),
                                              values.begin() + static_cast<std::ptrdiff_t>(first + columns));
      float sum = 0;
      for (std::size_t i = first; i < first + columns; ++i) sum += values[i] = std::exp(values[i] - largest);
      for (std::size_t i = first; i < first + columns; ++i) values[i] /= sum;
    }
    plain::store(args.y, values);
  }

  static void claims(Runner<Softmax>& runner);
};

}  // namespace candor::test
