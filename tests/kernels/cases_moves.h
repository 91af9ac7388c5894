// cast, copy, fill, embedding and pack_tiles: bits are moved, or rounded once. Everything is compared bit for bit.
#pragma once

#include <gtest/gtest.h>

#include "kernels/case.h"
#include "kernels/suite-inl.h"

namespace candor::test {

struct MoveConfig {
  std::int64_t rows, columns;
  bool gaps;
  int variant = 0;
  std::string text() const {
    return "[" + std::to_string(rows) + ", " + std::to_string(columns) + "]" + (gaps ? " gaps" : "") +
           " variant=" + std::to_string(variant);
  }
};

inline std::vector<MoveConfig> move_configs(DType dtype, int variants, Level level) {
  struct Size {
    std::int64_t rows, columns;
  };
  std::vector<Size> sizes = {{0, 5}, {1, 0}, {1, 1}, {1, 15}, {1, 16}, {1, 17}, {3, 31}, {2, 33}, {15, 48}, {17, 65}};
  if (level == Level::slow) sizes.insert(sizes.end(), {{33, 257}, {1, 9001}, {129, 64}});
  std::vector<MoveConfig> configs;
  for (int variant = 0; variant < variants; ++variant)
    for (std::size_t i = 0; i < sizes.size(); ++i)
      configs.push_back({sizes[i].rows, whole_blocks(dtype, sizes[i].columns), i % 2 == 1, variant});
  return configs;
}

inline Placement move_placement(bool gaps) { return gaps ? Placement{.row_gap = 7, .misaligned = 1} : Placement{}; }

/// Any bits, NaN payloads included: what a move must not touch and a rounding must handle.
inline void scramble(Maker& maker, const View& view) {
  if (is_block(view.dtype)) return;
  Random random(maker.next_seed());
  const auto unit = static_cast<std::size_t>(dtype_info(view.dtype).block_bytes);
  for (std::int64_t r = 0; r < ref::row_count(view); ++r)
    for (std::int64_t c = 0; c < ref::row_length(view); ++c) {
      const std::uint64_t bits = random.bits();
      std::memcpy(view.as<std::byte>() + static_cast<std::size_t>(ref::element_index(view, r, c)) * unit, &bits, unit);
    }
}

/// uniform: any bits; other inputs: numbers of that kind.
inline View move_input(Maker& maker, DType dtype, const std::vector<std::int64_t>& shape, const Placement& placement) {
  const View view = maker.input(dtype, shape, 100, placement);
  if (maker.inputs() == Inputs::uniform) scramble(maker, view);
  return view;
}

template <>
struct Cases<Cast> : ExactCases {
  using Config = MoveConfig;
  static std::vector<Config> configs(const Precision& p, Level level) { return move_configs(p.a, 2, level); }
  static std::string text(const Config& config) { return config.text(); }
  // Variant 1: a transposed source.
  static Cast make(Maker& maker, const Precision& p, const Config& c) {
    const bool transposed = c.variant == 1 && !is_block(p.a);
    View x = move_input(maker, p.a, transposed ? std::vector{c.columns, c.rows} : std::vector{c.rows, c.columns},
                        move_placement(c.gaps));
    if (transposed) {
      std::swap(x.stride[0], x.stride[1]);
      std::swap(x.shape[0], x.shape[1]);
    }
    return {.x = x, .y = maker.output(p.out, {c.rows, c.columns})};
  }
  static void claims(Runner<Cast>& runner);
};

template <>
struct Cases<Copy> : ExactCases {
  using Config = MoveConfig;
  static std::vector<Config> configs(const Precision& p, Level level) { return move_configs(p.a, 3, level); }
  static std::string text(const Config& config) { return config.text(); }
  // Variants: 0 rows, 1 from a transposed source, 2 into rank 3 with gaps.
  static Copy make(Maker& maker, const Precision& p, const Config& c) {
    if (c.variant == 2) {
      const std::vector<std::int64_t> shape{2, c.rows, c.columns};
      return {.x = move_input(maker, p.a, shape, move_placement(c.gaps)),
              .y = maker.output(p.out, shape, {.row_gap = 9})};
    }
    const bool transposed = c.variant == 1 && !is_block(p.a);
    View x = move_input(maker, p.a, transposed ? std::vector{c.columns, c.rows} : std::vector{c.rows, c.columns},
                        move_placement(c.gaps));
    if (transposed) {
      std::swap(x.stride[0], x.stride[1]);
      std::swap(x.shape[0], x.shape[1]);
    }
    return {.x = x, .y = maker.output(p.out, {c.rows, c.columns}, move_placement(!c.gaps))};
  }
  static void claims(Runner<Copy>& runner);
};

template <>
struct Cases<Fill> : ExactCases {
  using Config = MoveConfig;
  static constexpr double kValues[] = {0.0, -0.0, 1.0 + 0x1.8p-7, 3.0, 65504.0, 1e30, 0x1p-130, -2.5};
  static std::vector<Config> configs(const Precision& p, Level level) {
    return is_block(p.out) ? std::vector<Config>() : move_configs(p.out, static_cast<int>(std::size(kValues)), level);
  }
  static std::string text(const Config& config) { return config.text(); }
  static Fill make(Maker& maker, const Precision& p, const Config& c) {
    return {.y = maker.output(p.out, {c.rows, c.columns}, move_placement(c.gaps)), .value = kValues[c.variant]};
  }
  static void claims(Runner<Fill>& runner);
};

template <>
struct Cases<Embedding> : ExactCases {
  using Config = MoveConfig;  // rows: of the table; variant 1: packed
  static std::vector<Config> configs(const Precision& p, Level level) {
    const bool packable = p.b == DType::bf16 || p.b == DType::f16 || p.b == DType::f32;
    return move_configs(p.b, packable ? 2 : 1, level);
  }
  static std::string text(const Config& config) { return config.text(); }
  static Embedding make(Maker& maker, const Precision& p, const Config& c) {
    const std::int64_t tokens = c.rows == 0 ? 0 : c.columns % 7;
    Doubles ids(static_cast<std::size_t>(tokens));
    Random random(maker.next_seed());
    for (double& id : ids) id = static_cast<double>(random.integer(0, c.rows - 1));
    if (!ids.empty()) ids.back() = static_cast<double>(c.rows - 1);
    const Placement placement = c.variant == 1 ? Placement{.layout = Layout::packed_tiles} : move_placement(c.gaps);
    return {.ids = maker.given(DType::i32, {tokens}, ids),
            .table = move_input(maker, p.b, {c.rows, c.columns}, placement),
            .y = maker.output(p.out, {tokens, c.columns})};
  }
  static void claims(Runner<Embedding>& runner);
};

template <>
struct Cases<PackTiles> : ExactCases {
  using Config = MoveConfig;
  static std::vector<Config> configs(const Precision& p, Level level) { return move_configs(p.a, 1, level); }
  static std::string text(const Config& config) { return config.text(); }
  static PackTiles make(Maker& maker, const Precision& p, const Config& c) {
    return {.x = move_input(maker, p.a, {c.rows, c.columns}, move_placement(c.gaps)),
            .y = maker.output(p.out, {c.rows, c.columns}, {.layout = Layout::packed_tiles})};
  }
  static void claims(Runner<PackTiles>& runner);
};

}  // namespace candor::test
