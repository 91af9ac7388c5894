// What matmul, qkv_projection and gated_linear share: sizes, weights in every layout, and the bound of one dot product.
#pragma once

#include <array>

#include "kernels/case.h"
#include "kernels/plain.h"

namespace candor::test {

/// Sizes and placement of one x [M, K] against weights [N, K].
struct DotConfig {
  std::int64_t m, n, k;
  bool packed = false;
  bool gaps = false;        // rows apart, and a start off the 64-byte boundary
  DType bias = DType::any;  // any: none
  int variant = 0;          // activation, for the gated op

  std::string text() const {
    return "M=" + std::to_string(m) + " N=" + std::to_string(n) + " K=" + std::to_string(k) +
           (packed ? " packed" : " strided") + (gaps ? " gaps" : "") +
           (bias == DType::any ? "" : " bias=" + std::string(dtype_name(bias))) + " variant=" + std::to_string(variant);
  }
};

inline bool packable(DType dtype) { return dtype == DType::bf16 || dtype == DType::f16 || dtype == DType::f32; }

/// Edge sizes around the tiles (16 rows of N, pairs of k, a few rows of M), in each layout that the dtype has.
inline std::vector<DotConfig> dot_configs(const Precision& precision, Level level) {
  struct Size {
    std::int64_t m, n, k;
  };
  std::vector<Size> sizes = {{0, 16, 32},  {1, 0, 32},   {2, 17, 0},   {1, 1, 1},    {1, 15, 2},   {1, 16, 3},
                             {1, 17, 31},  {1, 64, 96},  {2, 33, 33},  {3, 16, 64},  {4, 31, 65},  {5, 48, 17},
                             {7, 33, 1},   {8, 64, 160}, {15, 17, 5},  {16, 16, 16}, {17, 31, 33}, {33, 33, 96},
                             {1, 64, 512}, {6, 64, 513}, {65, 40, 129}};
  if (level == Level::slow)
    sizes.insert(sizes.end(), {{1, 129, 1024},
                               {2, 64, 1025},
                               {9, 95, 257},
                               {12, 257, 64},
                               {24, 160, 300},
                               {48, 48, 48},
                               {129, 130, 129},
                               {241, 33, 40},
                               {64, 16, 768},
                               {100, 7, 2050}});
  constexpr DType kBias[] = {DType::any, DType::f32, DType::any, DType::bf16, DType::f16};
  std::vector<DotConfig> configs;
  for (const bool packed : {false, true}) {
    if (packed && !packable(precision.b)) continue;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      const Size& s = sizes[i];
      configs.push_back(
          {s.m, s.n, whole_blocks(precision.b, s.k), packed, i % 2 == 1, kBias[i % 5], static_cast<int>(i)});
    }
  }
  return configs;
}

inline Placement gap_placement(bool gaps) { return gaps ? Placement{.row_gap = 3, .misaligned = 1} : Placement{}; }

/// Largest integers for which x · w sums of K terms stay below 2^24 (f32) or 1/u of the accumulation dtype.
struct DotRange {
  std::int64_t x, w;
};
inline DotRange dot_range(const Precision& precision, std::int64_t k) {
  const double room = 0.5 / unit_roundoff(precision.accumulate) / static_cast<double>(std::max<std::int64_t>(1, k));
  const double w =
      is_block(precision.b) ? largest_block_integer(precision.b) : std::min(8.0, std::floor(std::sqrt(room)));
  return {std::max<std::int64_t>(1, static_cast<std::int64_t>(std::min(16.0, std::floor(room / w)))),
          std::max<std::int64_t>(1, static_cast<std::int64_t>(w))};
}

inline View dot_x(Maker& maker, const Precision& precision, const DotConfig& c) {
  return maker.input(precision.a, {c.m, c.k}, dot_range(precision, c.k).x, gap_placement(c.gaps));
}

/// Unscaled normal and uniform weights: sums grow as sqrt(K), far from f16's end for the sizes above.
inline View dot_weight(Maker& maker, const Precision& precision, const DotConfig& c, std::int64_t n) {
  const std::int64_t largest = dot_range(precision, c.k).w;
  if (c.packed) return maker.input(precision.b, {n, c.k}, largest, {.layout = Layout::packed_tiles});
  return maker.input(precision.b, {n, c.k}, largest, gap_placement(c.gaps));
}

/// Zeros of `weight`'s shape and layout.
inline ConstView zero_weight(Maker& maker, DType dtype, const ConstView& weight) {
  const std::int64_t n = weight.shape[0], k = weight.shape[1];
  const auto count = static_cast<std::size_t>(n * k / dtype_info(dtype).block_elements);
  if (is_block(dtype)) return make_constant_blocks(maker.workspace(), dtype, {n, k}, Doubles(count, 0.0));
  return maker.given(dtype, {n, k}, Doubles(count, 0.0), {.layout = weight.layout});
}

inline ConstView dot_bias(Maker& maker, const DotConfig& c, std::int64_t n) {
  if (c.bias == DType::any) return {};
  return maker.input(c.bias, {n}, 16, {.misaligned = c.gaps ? 1 : 0});
}

/// Σ |x w| + |bias| per output, and the same over products with a subnormal operand (lost where denormals are zero).
struct DotSizes {
  Doubles absolute, lost;
};
inline DotSizes dot_sizes(const ConstView& x, const ConstView& weight, const ConstView& bias) {
  const std::int64_t m_extent = x.shape[0], k_extent = x.shape[1], n_extent = weight.shape[0];
  const Doubles rows = ref::load_all(x), columns = ref::load_all(weight);
  const Doubles offsets = bias.present() ? ref::load_all(bias) : Doubles();
  DotSizes sizes{Doubles(static_cast<std::size_t>(m_extent * n_extent)),
                 Doubles(static_cast<std::size_t>(m_extent * n_extent))};
  for (std::int64_t m = 0; m < m_extent; ++m)
    for (std::int64_t n = 0; n < n_extent; ++n) {
      double sum = offsets.empty() ? 0 : std::fabs(offsets[n]), lost = 0;
      for (std::int64_t k = 0; k < k_extent; ++k) {
        const double a = std::fabs(rows[m * k_extent + k]), b = std::fabs(columns[n * k_extent + k]);
        sum += a * b;
        if (a < kTinyF32 || b < kTinyF32) lost += a * b;
      }
      sizes.absolute[m * n_extent + n] = sum;
      sizes.lost[m * n_extent + n] = lost;
    }
  return sizes;
}

/// Allowed error of each unrounded f32 result of x · weightᵀ + bias.
inline Doubles dot_errors(const KernelRow& row, const ConstView& x, const ConstView& weight, const ConstView& bias) {
  const DotSizes sizes = dot_sizes(x, weight, bias);
  Doubles errors(sizes.absolute.size());
  for (std::size_t i = 0; i < errors.size(); ++i)
    errors[i] = dot_error(x.shape[1], row.precision.accumulate, sizes.absolute[i],
                          flushes_denormals(row.instruction_class), sizes.lost[i]) +
                entry_error(row.precision.compute, sizes.absolute[i]);
  return errors;
}

inline Doubles rounded_errors(DType out, const Doubles& expected, const Doubles& errors) {
  Doubles bounds(expected.size());
  for (std::size_t i = 0; i < bounds.size(); ++i) bounds[i] = rounded_to(out, expected[i], errors[i]);
  return bounds;
}

}  // namespace candor::test
