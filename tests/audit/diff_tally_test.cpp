// Pieces are added in any order.
#include "audit/diff/tally.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "tests/audit/recipes.h"

namespace candor::audit_internal::comparison {
namespace {

/// A piece whose every figure is drawn from `seed`.
Tally piece(std::uint64_t seed) {
  Tally tally;
  tally.counts.elements = random_bits(seed, 0) % 1000;
  tally.counts.neighbours = random_bits(seed, 1) % 1000;
  tally.above[3] = random_bits(seed, 2) % 1000;
  tally.below[63] = random_bits(seed, 3) % 1000;
  tally.absolute.see(static_cast<double>(random_bits(seed, 4) % 3), seed * 100);
  tally.relative.see(static_cast<double>(random_bits(seed, 5) % 3), seed * 100 + 1);
  tally.histories[31].differs_right = random_bits(seed, 6) % 1000;
  tally.residuals[7].variance = random_bits(seed, 7) % 1000;
  for (std::uint64_t i = 0; i < 20; ++i) {  // few codes, so that many are the same
    ChangedElement element;
    element.index = seed * 100 + random_bits(seed, 8 + i) % 100;
    element.code_a = random_bits(seed, 100 + i) % 5;
    element.code_b = random_bits(seed, 200 + i) % 5;
    if (tally.wants(element.index)) tally.keep(element);
  }
  return tally;
}

std::vector<std::uint64_t> figures(const Tally& t) {
  std::vector<std::uint64_t> out = {t.counts.elements,
                                    t.counts.neighbours,
                                    t.above[3],
                                    t.below[63],
                                    t.absolute.index,
                                    t.relative.index,
                                    t.histories[31].differs_right,
                                    t.residuals[7].variance};
  for (const ChangedElement& element : t.changed)
    out.insert(out.end(), {element.index, element.code_a, element.code_b});
  return out;
}

TEST(DiffTally, TheOrderOfPiecesDoesNotMatter) {
  std::vector<std::uint64_t> order(12);
  std::iota(order.begin(), order.end(), 1);
  const auto sum = [&] {
    Tally tally;
    for (const std::uint64_t seed : order) tally.add(piece(seed));
    return figures(tally);
  };
  const std::vector<std::uint64_t> in_order = sum();
  Largest largest;
  for (const std::uint64_t seed : order)
    if (const Largest one = piece(seed).absolute; one.value > largest.value) largest = one;
  EXPECT_GT(largest.index, 0u);
  EXPECT_EQ(in_order[4], largest.index);
  for (std::uint64_t shuffle = 0; shuffle < 50; ++shuffle) {
    std::sort(order.begin(), order.end(),
              [&](std::uint64_t x, std::uint64_t y) { return random_bits(shuffle, x) < random_bits(shuffle, y); });
    EXPECT_EQ(sum(), in_order);
  }
}

TEST(DiffTally, OfEqualPairsOfCodesTheFirstIsKept) {
  Tally tally;
  for (const std::uint64_t index : {70u, 30u, 50u}) {
    ChangedElement element;
    element.index = index;
    element.code_a = 1;
    tally.keep(element);
  }
  ASSERT_EQ(tally.changed.size(), 1u);
  EXPECT_EQ(tally.changed[0].index, 30u);
}

}  // namespace
}  // namespace candor::audit_internal::comparison
