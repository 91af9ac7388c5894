// rope: [T, H, D] turned by f32 tables [T, R].
#pragma once

#include "kernels/case.h"
#include "kernels/plain.h"

namespace candor::test {

struct RopeConfig {
  std::int64_t tokens, heads, dim, pairs;
  RopeStyle style;
  bool gaps;
  std::string text() const {
    return "T=" + std::to_string(tokens) + " H=" + std::to_string(heads) + " D=" + std::to_string(dim) +
           " R=" + std::to_string(pairs) + (style == RopeStyle::half_split ? " half_split" : " interleaved") +
           (gaps ? " gaps" : "");
  }
};

template <>
struct Cases<Rope> {
  using Config = RopeConfig;
  static constexpr int kStoredOutputs = 0;

  static std::vector<Config> configs(const Precision&, Level level) {
    struct Size { std::int64_t t, h, d, r; };
    std::vector<Size> sizes = {{0, 2, 4, 2},   {1, 0, 4, 2},   {1, 1, 2, 1},   {2, 3, 5, 2},
                               {3, 1, 8, 0},   {1, 2, 30, 15}, {2, 2, 32, 16}, {3, 3, 34, 17},
                               {2, 9, 64, 32}, {1, 2, 80, 16}, {2, 1, 66, 33}, {5, 4, 128, 64}};
    if (level == Level::slow) sizes.insert(sizes.end(), {{33, 9, 64, 32}, {17, 4, 96, 48}, {129, 2, 256, 128}});
    std::vector<Config> configs;
    for (const RopeStyle style : {RopeStyle::half_split, RopeStyle::interleaved})
      for (std::size_t i = 0; i < sizes.size(); ++i)
        configs.push_back({sizes[i].t, sizes[i].h, sizes[i].d, sizes[i].r, style, i % 2 == 1});
    return configs;
  }
  static std::string text(const Config& config) { return config.text(); }

  // Exact: quarter turns and halves.
  static Rope make(Maker& maker, const Precision& p, const Config& c) {
    Random random(maker.next_seed());
    Doubles cos, sin;
    for (std::int64_t i = 0; i < c.tokens * c.pairs; ++i) {
      const double angle = random.uniform(0, 6.28318);
      const auto turn = random.integer(0, 4);
      constexpr double kTurns[][2] = {{1, 0}, {0, 1}, {-1, 0}, {0, -1}, {0.5, -0.5}};
      cos.push_back(maker.exact() ? kTurns[turn][0] : std::cos(angle));
      sin.push_back(maker.exact() ? kTurns[turn][1] : std::sin(angle));
    }
    const Placement placement = c.gaps ? Placement{.row_gap = 6, .misaligned = 1} : Placement{};
    return {.x = maker.input(p.a, {c.tokens, c.heads, c.dim}, 100, placement),
            .cos = maker.given(DType::f32, {c.tokens, c.pairs}, cos),
            .sin = maker.given(DType::f32, {c.tokens, c.pairs}, sin),
            .y = maker.output(p.out, {c.tokens, c.heads, c.dim}, placement),
            .style = c.style};
  }

  // Two products and a sum: gamma(2) on |x cos| + |z sin| <= |x| + |z|, the pair's sizes.
  static std::vector<Doubles> bounds(const Rope& args, const KernelRow&, const std::vector<Doubles>& expected) {
    const std::int64_t dim = args.x.shape[2], pairs = args.cos.shape[1];
    const Doubles x = ref::load_all(args.x);
    const bool half_split = args.style == RopeStyle::half_split;
    Doubles errors(x.size(), 0.0);
    for (std::int64_t row = 0; row * dim < static_cast<std::int64_t>(x.size()); ++row)
      for (std::int64_t i = 0; i < pairs; ++i) {
        const auto first = static_cast<std::size_t>(row * dim + (half_split ? i : 2 * i));
        const std::size_t second = first + static_cast<std::size_t>(half_split ? pairs : 1);
        errors[first] = errors[second] = gamma(2, kUnitF32) * (std::fabs(x[first]) + std::fabs(x[second])) + 0x1p-148;
      }
    Doubles bounds(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) bounds[i] = rounded_to(args.y.dtype, expected[0][i], errors[i]);
    return {bounds};
  }

  static void plain(const Rope& args) {
    plain::Floats x = plain::load(args.x);
    const plain::Floats cos = plain::load(args.cos), sin = plain::load(args.sin);
    const std::int64_t heads = args.x.shape[1], dim = args.x.shape[2], pairs = args.cos.shape[1];
    const bool half_split = args.style == RopeStyle::half_split;
    for (std::int64_t row = 0; row < args.x.shape[0] * heads; ++row)
      for (std::int64_t i = 0; i < pairs; ++i) {
        float& a = x[row * dim + (half_split ? i : 2 * i)];
        float& b = x[row * dim + (half_split ? i + pairs : 2 * i + 1)];
        const float c = cos[row / heads * pairs + i], s = sin[row / heads * pairs + i], x0 = a, x1 = b;
        a = x0 * c - x1 * s;
        b = x1 * c + x0 * s;
      }
    plain::store(args.y, x);
  }

  static void claims(Runner<Rope>& runner);
};

}  // namespace candor::test
