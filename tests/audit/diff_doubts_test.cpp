// Values that no conversion explains, or only a part of, and what candor diff says of them.
#include <algorithm>
#include <cmath>

#include "core/formats.h"
#include "tests/audit/diff_files.h"
#include "tests/audit/recipes.h"

namespace candor::audit_internal::comparison {
namespace {

constexpr std::size_t kCount = 1 << 16;

std::vector<float> weights(std::uint64_t seed = 11) { return draw(Law::normal, 0.02, kCount, seed); }

template <class Values, class Function>
auto each(const Values& values, Function function) {
  std::vector<decltype(function(values[0]))> out(values.size());
  std::transform(values.begin(), values.end(), out.begin(), function);
  return out;
}

class DiffDoubts : public DiffFiles {};

TEST_F(DiffDoubts, ATrainedTensorIsExplainedByNothing) {
  const std::vector<std::uint16_t> a = to_bf16(weights(1), Route::rne);
  std::vector<float> moved = widen(a);
  for (std::size_t i = 0; i < kCount; ++i) moved[i] += static_cast<float>(1e-4 * (random_unit(2, i) - 0.5));
  const TensorDiff tensor = compare_one(vector_of("BF16", a), vector_of("BF16", to_bf16(moved, Route::rne)));
  EXPECT_EQ(tensor.status, DiffStatus::changed);
  EXPECT_EQ(tensor.history, "");
}

TEST_F(DiffDoubts, SiblingsAreToldFromCopies) {
  const std::vector<float> values = weights();
  const FileTensor f16 = vector_of("F16", to_f16(values));
  std::vector<std::uint16_t> codes = to_bf16(values, Route::rne);
  const TensorDiff tensor = compare_one(f16, vector_of("BF16", codes));
  EXPECT_EQ(tensor.status, DiffStatus::explained);
  EXPECT_EQ(tensor.history, "of the same source");
  // Of f16 values one in eight is a tie of bf16, and half of those come from the other side; five deviations.
  EXPECT_NEAR(static_cast<double>(tensor.counts.changed), kCount / 16.0, 5 * std::sqrt(kCount * 15.0) / 16);
  codes[1234] = static_cast<std::uint16_t>(codes[1234] + 3);
  EXPECT_EQ(compare_one(f16, vector_of("BF16", codes)).history, "");
  EXPECT_EQ(compare_one(f16, vector_of("F32", values)).history, "the source of A");
  EXPECT_EQ(compare_one(vector_of("BF16", to_bf16(values, Route::truncated)), vector_of("F32", values)).history, "");
}

TEST_F(DiffDoubts, EditsAfterADetourAreExceptions) {
  const std::vector<float> values = weights();
  std::vector<std::uint16_t> b = to_bf16(values, Route::from_f16);
  b[100] ^= 4;
  b[200] ^= 8;
  const TensorDiff tensor = compare_one(vector_of("F32", values), vector_of("BF16", b));
  EXPECT_EQ(tensor.status, DiffStatus::partly);
  EXPECT_EQ(tensor.history, "through f16");
  EXPECT_EQ(history_of(tensor, "through f16").explains, kCount - 2);
  EXPECT_NE(tensor.sentence.find("; 2 do not fit this"), std::string::npos) << tensor.sentence;
}

TEST_F(DiffDoubts, AlwaysUpIsNotStochastic) {
  const std::vector<float> values = weights();
  const auto up = each(values, [](float x) { return static_cast<std::uint16_t>((f32_bits(x) + 0xffffu) >> 16); });
  EXPECT_EQ(compare_one(vector_of("F32", values), vector_of("BF16", up)).history, "");
  // Up or down at random, wherever the value lies.
  std::vector<std::uint16_t> coin(kCount);
  for (std::size_t i = 0; i < kCount; ++i)
    coin[i] = static_cast<std::uint16_t>((f32_bits(values[i]) + (random_bits(4, i) & 1 ? 0xffffu : 0u)) >> 16);
  const TensorDiff tensor = compare_one(vector_of("F32", values), vector_of("BF16", coin));
  EXPECT_EQ(tensor.status, DiffStatus::changed);
  EXPECT_EQ(tensor.counts.neighbours, kCount);
}

TEST_F(DiffDoubts, HistoriesThatCannotBeToldApartAreListed) {
  // Gains around one: f16 holds every bf16 value there.
  const std::vector<float> gains = draw_around(1.0, 0.1, 256, 3);
  const std::vector<std::uint16_t> codes = to_bf16(gains, Route::rne);
  const TensorDiff tensor = compare_one(vector_of("BF16", codes), vector_of("F32", widen(codes)));
  EXPECT_EQ(tensor.history, "kept exactly");
  EXPECT_NE(std::find(tensor.also.begin(), tensor.also.end(), "through f16"), tensor.also.end());
  EXPECT_EQ(history_of(tensor, "through f16").differs, 0u);
}

TEST_F(DiffDoubts, WhatWasReadAsValuesIsNotSaidToBeComparedAsBytes) {
  const std::vector<float> values = weights(), twice = each(values, [](float x) { return 2 * x; });
  const std::vector<float> negated = each(values, [](float x) { return -x; });
  const FileTensor narrow = vector_of("BF16", to_bf16(values, Route::rne));
  const std::vector<std::uint16_t> zeros(64, 0x0000), minus_zeros(64, 0x8000), ones(64, 0x3f80);
  for (const auto& [a, b] : {std::pair{vector_of("F32", values), vector_of("BF16", to_bf16(twice, Route::rne))},
                             std::pair{narrow, vector_of("BF16", to_bf16(twice, Route::rne))},
                             std::pair{narrow, vector_of("BF16", to_bf16(negated, Route::rne))},
                             std::pair{vector_of("BF16", zeros), vector_of("BF16", minus_zeros)},
                             std::pair{vector_of("BF16", zeros), vector_of("BF16", ones)}}) {
    const TensorDiff tensor = compare_one(a, b);
    EXPECT_EQ(tensor.status, DiffStatus::changed);
    EXPECT_EQ(tensor.counts.as_rounded, 0u);
    EXPECT_NE(tensor.sentence.find("no conversion explains them"), std::string::npos) << tensor.sentence;
    EXPECT_EQ(tensor.sentence.find("bytes"), std::string::npos) << tensor.sentence;
    EXPECT_EQ(tensor.sentence.find("change is 0"), std::string::npos) << tensor.sentence;
  }
}

TEST_F(DiffDoubts, AZeroThatGotASignIsNotSaidToHaveLostIt) {
  const TensorDiff tensor =
      compare_one(vector_of<std::uint16_t>("BF16", {0x0000}), vector_of<std::uint16_t>("BF16", {0x8000}));
  EXPECT_NE(tensor.sentence.find("1 are zero with the other sign"), std::string::npos) << tensor.sentence;
}

TEST_F(DiffDoubts, ATensorOfNaNThatChangedIsExplainedByNothing) {
  const std::vector<std::uint16_t> nans(8, 0x7fc0);
  const std::vector<float> wide(8, f32_from_bits(0x7fc00000u));
  for (const std::uint16_t code : {0x3f80, 0x7f80, 0x7fc1}) {
    const FileTensor b = vector_of("BF16", std::vector<std::uint16_t>(8, code));
    for (const FileTensor& a : {vector_of("BF16", nans), vector_of("F16", nans), vector_of("F32", wide)}) {
      const TensorDiff tensor = compare_one(a, b);
      if (code == 0x7fc1 && a.dtype != "BF16") {  // between two dtypes any NaN is as good as another
        EXPECT_EQ(tensor.status, DiffStatus::same_values) << a.dtype;
        continue;
      }
      EXPECT_EQ(tensor.status, DiffStatus::changed) << a.dtype << " to " << code;
      EXPECT_EQ(tensor.history, "");
      EXPECT_EQ(tensor.counts.changed, 8u);
    }
  }
}

TEST_F(DiffDoubts, ANumberInThePlaceOfNaNFitsNoConversion) {
  const std::vector<float> values = weights();
  std::vector<float> broken = values;
  broken[7] = NAN;
  std::vector<std::uint16_t> once = to_bf16(values, Route::rne), detour = to_bf16(values, Route::from_f16);
  std::vector<std::uint16_t> once_broken = once;
  once_broken[7] = 0x7fc0;
  for (const FileTensor& a : {vector_of("F32", broken), vector_of("BF16", once_broken)}) {
    const TensorDiff tensor = compare_one(a, vector_of("BF16", once));
    EXPECT_EQ(tensor.status, DiffStatus::changed) << a.dtype;
    EXPECT_NE(tensor.sentence.find("1 of 65,536"), std::string::npos) << tensor.sentence;
    EXPECT_NE(tensor.sentence.find("1 went from NaN to a number"), std::string::npos) << tensor.sentence;
  }
  const TensorDiff partly = compare_one(vector_of("F32", broken), vector_of("BF16", detour));
  EXPECT_EQ(partly.status, DiffStatus::partly);
  EXPECT_EQ(partly.history, "through f16");
  EXPECT_NE(partly.sentence.find("; 1 do not fit this"), std::string::npos) << partly.sentence;
  // Infinity is what cutting NaN off may give, but nothing that keeps every value.
  once[7] = 0x7f80;
  EXPECT_EQ(compare_one(vector_of("BF16", once_broken), vector_of("BF16", once)).status, DiffStatus::changed);
}

}  // namespace
}  // namespace candor::audit_internal::comparison
