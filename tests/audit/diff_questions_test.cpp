// The short way for plain values counts what the long way counts.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "audit/diff/questions.h"
#include "audit/diff/values.h"
#include "tests/audit/recipes.h"

namespace candor::audit_internal::comparison {
namespace {

template <class Word>
void expect_same_counts(DType from, DType to) {
  const std::vector<History> histories = histories_of(from, to);
  const Questions<Word> questions(histories);
  const auto batch = std::make_unique<PairBatch<Word>>();
  std::vector<Rounder<Word>> last;
  for (const History& history : histories) last.emplace_back(history.stages.back());
  const Rounder<Word> source({.to = *number_format(from)});
  for (std::uint64_t i = 0; !batch->full(); ++i) {
    // Plain magnitudes of every binade and sign, near ties too, as A's dtype holds them.
    const double x = std::ldexp(1 + random_unit(1, i), static_cast<int>(random_bits(2, i) % 22) - 14);
    const Word tie = static_cast<Word>(i % 3 == 0 ? ~((Word{1} << (WordFormat<Word>::kMantissa - 12)) - 1) : ~Word{0});
    const Word a = source((WordFormat<Word>::bits(x) & tie) | (i % 2 ? WordFormat<Word>::kSign : 0));
    if (!is_plain(a)) continue;
    batch->push({a, last[i % last.size()](a), 1 + static_cast<std::uint32_t>(i % 5), 0});
  }
  Tally quick, slow;
  typename Questions<Word>::Words once_quick{}, once_slow{};
  questions.ask(*batch, true, once_quick, quick);
  questions.ask(*batch, false, once_slow, slow);
  EXPECT_EQ(once_quick, once_slow);
  for (std::size_t k = 0; k < histories.size(); ++k) {
    EXPECT_EQ(quick.histories[k].explains, slow.histories[k].explains) << histories[k].name;
    EXPECT_EQ(quick.histories[k].differs, slow.histories[k].differs) << histories[k].name;
    EXPECT_EQ(quick.histories[k].differs_right, slow.histories[k].differs_right) << histories[k].name;
  }
}

TEST(DiffQuestions, PlainValuesAreCountedAsAllOthers) {
  using enum DType;
  for (const DType from : {f32, f16, bf16, f8_e4m3, f8_e5m2, q4_0})
    for (const DType to : {f32, f16, bf16, f8_e4m3, f8_e5m2}) expect_same_counts<std::uint32_t>(from, to);
  for (const DType to : {f64, f32, f16, bf16, f8_e4m3}) expect_same_counts<std::uint64_t>(f64, to);
}

TEST(DiffQuestions, PlainIsWhatTheNameSays) {
  EXPECT_TRUE(is_plain(f32_bits(0x1p-14f)) && is_plain(f32_bits(-255.99f)) && is_plain(f64_bits(1.0)));
  EXPECT_FALSE(is_plain(f32_bits(0x1.fffffep-15f)) || is_plain(f32_bits(256.0f)) || is_plain(f32_bits(0.0f)));
  EXPECT_FALSE(is_plain(f32_bits(INFINITY)) || is_plain(f64_bits(-256.0)) || is_plain(f64_bits(0x1p-15)));
}

}  // namespace
}  // namespace candor::audit_internal::comparison
