// argmax and top_k: indices and values are equal, or wrong.
#pragma once

#include "kernels/case.h"
#include "kernels/suite-inl.h"

namespace candor::test {

struct SelectionConfig {
  std::int64_t rows, columns, k;
  bool gaps;
  std::string text() const {
    return "[" + std::to_string(rows) + ", " + std::to_string(columns) + "] k=" + std::to_string(k) +
           (gaps ? " gaps" : "");
  }
};

inline std::vector<SelectionConfig> selection_configs(Level level) {
  struct Size {
    std::int64_t rows, columns, k;
  };
  std::vector<Size> sizes = {{0, 4, 2},  {3, 1, 1},   {2, 2, 2},  {1, 15, 3},   {4, 16, 16},
                             {2, 17, 5}, {3, 31, 31}, {2, 33, 1}, {5, 100, 40}, {2, 1000, 64}};
  if (level == Level::slow) sizes.insert(sizes.end(), {{33, 64, 10}, {2, 49152, 50}});
  std::vector<SelectionConfig> configs;
  for (std::size_t i = 0; i < sizes.size(); ++i)
    configs.push_back({sizes[i].rows, sizes[i].columns, sizes[i].k, i % 2 == 1});
  return configs;
}

inline Placement selection_placement(bool gaps) {
  return gaps ? Placement{.row_gap = 3, .misaligned = 1} : Placement{};
}

/// Small integers bring many ties; normal inputs few.
template <>
struct Cases<Argmax> : ExactCases {
  using Config = SelectionConfig;
  static std::vector<Config> configs(const Precision&, Level level) { return selection_configs(level); }
  static std::string text(const Config& config) { return config.text(); }
  static Argmax make(Maker& maker, const Precision& p, const Config& c) {
    return {.x = maker.input(p.a, {c.rows, c.columns}, 6, selection_placement(c.gaps)),
            .indices = maker.output(DType::i32, {c.rows})};
  }
  static void claims(Runner<Argmax>& runner);
};

template <>
struct Cases<TopK> : ExactCases {
  using Config = SelectionConfig;
  static std::vector<Config> configs(const Precision&, Level level) { return selection_configs(level); }
  static std::string text(const Config& config) { return config.text(); }
  static TopK make(Maker& maker, const Precision& p, const Config& c) {
    return {.x = maker.input(p.a, {c.rows, c.columns}, 6, selection_placement(c.gaps)),
            .values = maker.output(p.a, {c.rows, c.k}),
            .indices = maker.output(DType::i32, {c.rows, c.k})};
  }
  static void claims(Runner<TopK>& runner);
};

}  // namespace candor::test
