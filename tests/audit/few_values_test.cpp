// Rows with fewer different values than their tensor offers: what is said of them, and who never is.
#include "audit/judge/few_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "audit/block_evidence.h"
#include "core/formats.h"
#include "tests/audit/history_support.h"
#include "tests/audit/quantisers.h"
#include "tests/audit/tables.h"

namespace candor::audit_internal {
namespace {

using enum AuditVerdict;
using testing::HasSubstr;
using testing::Not;

Fingerprint examined(const std::vector<float>& values, std::size_t columns, DType dtype) {
  const std::size_t rows = values.size() / columns;
  const std::vector<std::int64_t> shape = {static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns)};
  Fingerprint tensor = dtype == DType::f32   ? fingerprint_of(values, shape)
                       : dtype == DType::f16 ? fingerprint_of(to_f16(values), shape, dtype)
                                             : fingerprint_of(to_bf16(values, Route::rne), shape);
  std::vector<float> kept = values;
  for (float& x : kept) {
    if (dtype == DType::bf16) x = bf16_bits_to_f32(f32_to_bf16_bits(x));
    if (dtype == DType::f16) x = through_f16(x);
  }
  const std::vector<std::byte> bytes = stored(kept, dtype);
  tensor.blocks = examine_blocks({bytes.data(), dtype, rows, columns});
  return tensor;
}

/// GPTQ with act-order: groups of columns that lie side by side before they are put in their old order.
std::vector<float> act_order(std::size_t rows, std::size_t columns, std::size_t group, std::uint64_t seed) {
  Matrix matrix{rows, columns, draw(Law::normal, 0.02, rows * columns, seed)};
  quantise(matrix, 1, group, symmetric_integers(7));
  std::vector<std::size_t> order(columns);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t i = columns - 1; i > 0; --i) std::swap(order[i], order[random_bits(seed, i) % (i + 1)]);
  std::vector<float> values(matrix.values.size());
  for (std::size_t i = 0; i < values.size(); ++i) values[i / columns * columns + order[i % columns]] = matrix.values[i];
  return values;
}

TEST(FewValues, Int4WithItsColumnsReorderedIsNotPassedOver) {
  for (const DType dtype : {DType::bf16, DType::f32}) {
    for (const std::size_t group : {64u, 128u}) {
      const Fingerprint tensor = examined(act_order(64, 2048, group, 3), 2048, dtype);
      const TensorAudit audit = judged(tensor);
      EXPECT_EQ(audit.verdict, undecidable) << audit.sub << audit.sentence;
      EXPECT_EQ(audit.sub, "few-values") << audit.sentence;
      EXPECT_THAT(audit.sentence, testing::MatchesRegex("Of 1,024 values of a row [1-9][0-9][0-9]? are different, .*"));
      EXPECT_THAT(audit.sentence, HasSubstr(dtype == DType::f32 ? "of this width all are" : "the whole tensor have"));
      EXPECT_FALSE(audit.would_change.empty());
    }
  }
}

TEST(FewValues, WhatIsTooRoughForStatisticsIsNoTable) {
  const TensorAudit audit = judged(examined(act_order(512, 512, 128, 4), 512, DType::bf16));
  EXPECT_NE(audit.verdict, structured) << audit.sentence;
  EXPECT_EQ(audit.sub, "few-values") << audit.sentence;
}

TEST(FewValues, NothingIsCalledHarmless) {
  const TensorAudit gains = judged(fingerprint_of(to_bf16(draw_around(1, 0.1, 4096, 3), Route::via_f16), {4096}));
  EXPECT_EQ(gains.sub, "no-support");
  EXPECT_THAT(gains.sentence, Not(HasSubstr("harmless")));
}

void expect_enough(const std::vector<float>& values, std::size_t columns, const char* what) {
  for (const DType dtype : {DType::bf16, DType::f16, DType::f32}) {
    const std::optional<FewValues> few = find_few_values(examined(values, columns, dtype));
    EXPECT_FALSE(few) << what << " " << dtype_name(dtype) << " of " << columns << ": " << few_values_words(*few);
  }
}

template <class Each>
void expect_enough_of(std::size_t rows, std::size_t columns, const char* what, Each&& each) {
  std::vector<float> values(rows * columns);
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] =
        static_cast<float>(each(i, static_cast<std::size_t>(i / columns), static_cast<std::size_t>(i % columns)));
  expect_enough(values, columns, what);
}

TEST(FewValues, GenuineTensorsHaveEnough) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    for (const auto& [rows, columns] : {std::pair<std::size_t, std::size_t>{64, 128}, {128, 512}, {32, 2048}}) {
      for (const Law law : kAllLaws)
        expect_enough(draw(law, seed % 2 == 0 ? 0.02 : 0.5, rows * columns, seed), columns, "a law");
      const std::vector<float> w = draw(Law::normal, 0.02, rows * columns, seed + 50);
      const std::vector<float> v = draw(Law::normal, 0.02, rows * columns, seed + 90);
      const auto of = [&](const char* what, auto each) { expect_enough_of(rows, columns, what, each); };
      of("gains", [&](auto i, auto, auto) { return 1 + w[i]; });
      of("rows of all sizes", [&](auto i, auto r, auto) { return w[i] * std::pow(1e-4, random_unit(seed, r)); });
      of("columns of all sizes", [&](auto i, auto, auto c) { return w[i] * std::pow(1e-4, random_unit(seed, c)); });
      of("column means", [&](auto i, auto, auto c) { return w[i] + 0.1 * static_cast<double>(c); });
      of("unused rows", [&](auto i, auto r, auto) { return r % 4 == 0 ? w[i] : 0; });
      of("unused rows alike", [&](auto i, auto r, auto c) { return r % 4 == 0 ? w[i] : w[c]; });
      of("repeated rows", [&](auto, auto r, auto c) { return w[r % 7 * columns + c]; });
      of("sparse", [&](auto i, auto, auto) { return random_unit(seed, i) < 0.9 ? 0 : w[i]; });
      of("2:4", [&](auto i, auto, auto) { return i % 4 < 2 ? 0 : w[i]; });
      of("average of bf16", [&](auto i, auto, auto) { return (widen({to_bf16(w[i], Route::rne)})[0] + v[i]) / 2; });
      of("ratios", [&](auto i, auto, auto) { return w[i] / std::max(1e-4f, std::abs(v[i])); });
      of("powers", [&](auto i, auto, auto) { return 1e-4 * std::exp(150 * static_cast<double>(w[i])); });
      of("through f16", [&](auto i, auto, auto) { return widen({to_bf16(w[i], Route::via_f16)})[0]; });
    }
  }
  std::vector<float> no_numbers = draw(Law::normal, 0.02, 64 * 256, 9);
  for (std::size_t i = 0; i < no_numbers.size(); ++i)
    if (random_unit(77, i) < 0.6) no_numbers[i] = i % 2 == 0 ? INFINITY : NAN;
  expect_enough(no_numbers, 256, "what is not finite");
  expect_enough(rotary_table(2048, 256, true), 256, "rotary");
}

// f32 that no value of which should occur twice says so; with codes, and a verdict of its own, it stays a note.
TEST(FewValues, BesideAVerdictTheyAreANote) {
  std::vector<float> values = draw(Law::normal, 0.02, 512 * 1024, 6);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = values[i / 4 * 4];
  const TensorAudit audit = judged(examined(values, 1024, DType::bf16));
  EXPECT_EQ(audit.verdict, consistent) << audit.sentence;
  EXPECT_THAT(audit.note, HasSubstr("; of 1,024 values of a row"));
}

}  // namespace
}  // namespace candor::audit_internal
