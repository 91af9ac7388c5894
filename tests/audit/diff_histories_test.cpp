// Every conversion that candor diff names is found again in values that went through it, and only that one.
#include <algorithm>
#include <bit>
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

class DiffHistories : public DiffFiles {};

TEST_F(DiffHistories, EveryRouteFromF32IsNamed) {
  const std::pair<Route, const char*> kRoutes[] = {
      {Route::rne, "rounded once"},
      {Route::truncated, "cut off"},
      {Route::half_away, "rounded half away"},
      {Route::stochastic, "rounded stochastically"},
      {Route::via_f16, "rounded once, then through f16"},
      {Route::from_f16, "through f16"},
      {Route::from_f16_ftz, "through f16, subnormals flushed"},
      {Route::from_tf32, "through tf32, half away"},
      {Route::f16_truncated, "through f16, then cut off"},
  };
  static_assert(std::size(kRoutes) == std::size(kAllRoutes));
  std::vector<float> values = weights();
  for (std::size_t i = 0; i < 64; ++i) {  // ties, which chance gives one of in 65,536
    values[i] = f32_from_bits((f32_bits(values[i]) & 0xffff0000u) | 0x8000u);
    values[64 + i] = f32_from_bits((f32_bits(values[64 + i]) & 0xffffe000u) | 0x1000u);
  }
  for (const auto& [route, name] : kRoutes) {
    const TensorDiff tensor = compare_one(vector_of("F32", values), vector_of("BF16", to_bf16(values, route)));
    EXPECT_EQ(tensor.status, DiffStatus::explained) << name;
    EXPECT_EQ(tensor.history, name) << tensor.sentence;
    EXPECT_TRUE(tensor.also.empty() || (tensor.also == std::vector<std::string>{tensor.history + ", saturated"}) ||
                tensor.also.front() == "saturated")
        << name << " and " << tensor.also.front();
  }
}

TEST_F(DiffHistories, CountsAreThoseOfAPlainLoop) {
  const std::vector<float> values = weights();
  const std::vector<std::uint16_t> codes = to_bf16(values, Route::from_f16), once = to_bf16(values, Route::rne);
  const TensorDiff tensor = compare_one(vector_of("F32", values), vector_of("BF16", codes));
  std::uint64_t changed = 0, zeroed = 0, up = 0, down = 0, off = 0, off_b = 0;
  const auto is_off = [](float x) {
    const double scaled = std::fabs(static_cast<double>(x)) * 0x1p24;
    return scaled > 0 && scaled < 128 && scaled != std::floor(scaled);
  };
  double largest = 0;
  for (std::size_t i = 0; i < kCount; ++i) {
    const float b = bf16_bits_to_f32(codes[i]), c = bf16_bits_to_f32(once[i]);
    changed += b != c;
    zeroed += b == 0 && values[i] != 0;
    up += b > c && std::abs(codes[i] - once[i]) == 1;
    down += b < c && std::abs(codes[i] - once[i]) == 1;
    off += is_off(values[i]);
    off_b += is_off(b);
    largest = std::max(largest, std::fabs(static_cast<double>(b) - static_cast<double>(values[i])));
  }
  EXPECT_EQ(tensor.counts.changed, changed);
  EXPECT_EQ(tensor.counts.as_rounded, kCount - changed);
  EXPECT_EQ(tensor.counts.zeroed, zeroed);
  EXPECT_EQ(tensor.counts.step_up, up);
  EXPECT_EQ(tensor.counts.step_down, down);
  EXPECT_EQ(tensor.counts.off_grid_a, off);
  EXPECT_EQ(tensor.counts.snapped, off);
  EXPECT_EQ(off_b, 0u);
  EXPECT_EQ(tensor.counts.off_grid_b, 0u);
  EXPECT_EQ(tensor.max_absolute, largest);
  EXPECT_EQ(history_of(tensor, "through f16").explains, kCount);
  EXPECT_EQ(history_of(tensor, "through f16").differs, changed);
  EXPECT_EQ(history_of(tensor, "through f16").differs_right, changed);
  EXPECT_EQ(history_of(tensor, "rounded once").explains, kCount - changed);
  // Double rounding: one in sixteen; five standard deviations.
  EXPECT_NEAR(static_cast<double>(changed), kCount / 16.0, 5 * std::sqrt(kCount * 15.0) / 16);
  std::uint64_t in_histogram = 0;
  for (const DiffDistance& distance : tensor.distances) in_histogram += distance.count;
  EXPECT_EQ(in_histogram, changed);
}

TEST_F(DiffHistories, OnlyWhatCameOntoTheLatticeIsSnapped) {
  const std::vector<float> values = weights();
  const auto is_off = [](float x) {
    const double scaled = std::fabs(static_cast<double>(x)) * 0x1p24;
    return scaled > 0 && scaled < 128 && scaled != std::floor(scaled);
  };
  std::uint64_t off = 0, snapped = 0;
  for (const float x : values) {
    const bool after = is_off(bf16_bits_to_f32(f32_to_bf16_bits(x)));
    off += after;
    snapped += is_off(x) && !after;
  }
  const TensorDiff tensor = compare_one(vector_of("F32", values), vector_of("BF16", to_bf16(values, Route::rne)));
  EXPECT_GT(off, 0u);
  EXPECT_EQ(tensor.counts.off_grid_b, off);
  EXPECT_EQ(tensor.counts.snapped, snapped);
}

TEST_F(DiffHistories, AValueOnTheGridHasNoNeighbours) {
  const std::vector<std::uint16_t> codes = to_bf16(weights(), Route::rne);
  const auto up = each(codes, [](std::uint16_t c) { return static_cast<std::uint16_t>(c + 1); });
  EXPECT_EQ(compare_one(vector_of("F32", widen(codes)), vector_of("BF16", up)).counts.neighbours, 0u);
  EXPECT_EQ(compare_one(vector_of("F32", widen(codes)), vector_of("BF16", codes)).counts.neighbours, kCount);
}

TEST_F(DiffHistories, AFewDozenElementsDecide) {
  // Log-uniform from 2^-26 to 2^-16, where f16 is coarser than bf16.
  std::vector<std::uint16_t> original, laundered;
  for (std::uint64_t i = 0; i < 48; ++i) {
    const float x = static_cast<float>(std::exp2(-26 + 10 * random_unit(3, i)));
    original.push_back(f32_to_bf16_bits(x));
    laundered.push_back(f32_to_bf16_bits(through_f16(bf16_bits_to_f32(original.back()))));
  }
  const TensorDiff tensor = compare_one(vector_of("BF16", original), vector_of("BF16", laundered));
  EXPECT_EQ(tensor.history, "through f16");
  EXPECT_EQ(tensor.counts.off_grid_b, 0u);
  EXPECT_GT(tensor.counts.snapped, 20u);
}

TEST_F(DiffHistories, Bf16ThroughDetoursAndBack) {
  std::vector<float> values = weights();
  for (std::size_t i = 0; i < 256; ++i) values[i] = f32_from_bits(static_cast<std::uint32_t>(random_bits(5, i) >> 32));
  for (float& x : values)
    if (!std::isfinite(x)) x = 1;
  values[300] = -0.0f;
  const std::vector<std::uint16_t> a = to_bf16(values, Route::rne);
  const auto through = [&](auto function) {
    return each(a, [&](std::uint16_t code) { return f32_to_bf16_bits(function(bf16_bits_to_f32(code))); });
  };
  const auto f16_ftz = [](float x) {
    const float y = through_f16(x);
    return std::fabs(y) < 0x1p-14f ? std::copysign(0.0f, y) : y;
  };
  const auto saturated = [](float x) { return std::clamp(through_f16(x), -65504.0f, 65504.0f); };
  const auto flushed = [](float x) { return std::fabs(x) < 0x1p-126f ? std::copysign(0.0f, x) : x; };
  const auto e4m3 = [](float x) { return f8_e4m3_bits_to_f32(f32_to_f8_e4m3_bits(x)); };
  const auto e5m2 = [](float x) { return f8_e5m2_bits_to_f32(f32_to_f8_e5m2_bits(x)); };
  const std::pair<std::string, std::vector<std::uint16_t>> kCases[] = {
      {"through f16", through(through_f16)},
      {"through f16, subnormals flushed", through(f16_ftz)},
      {"through f16, saturated", through(saturated)},
      {"subnormals flushed", through(flushed)},
      {"sign of zero lost", through([](float x) { return x + 0.0f; })},
      {"lowest bit cut off", each(a, [](std::uint16_t c) { return static_cast<std::uint16_t>(c & ~1u); })},
      {"through f8_e4m3", through(e4m3)},
      {"through f8_e5m2", through(e5m2)},
  };
  for (const auto& [name, b] : kCases) {
    const TensorDiff tensor = compare_one(vector_of("BF16", a), vector_of("BF16", b));
    EXPECT_EQ(tensor.status, DiffStatus::explained) << name;
    EXPECT_EQ(tensor.history, name);
    EXPECT_TRUE(tensor.also.empty()) << name << " and " << (tensor.also.empty() ? "" : tensor.also[0]);
    EXPECT_EQ(tensor.counts.changed + tensor.counts.kept, kCount) << name;
  }
}

TEST_F(DiffHistories, F32ThroughNarrowFormatsAndBack) {
  const std::vector<float> a = weights();
  const auto bf16 = [](float x) { return bf16_bits_to_f32(f32_to_bf16_bits(x)); };
  const std::pair<std::string, std::vector<float>> kCases[] = {
      {"through f16", each(a, through_f16)},
      {"through bf16", each(a, bf16)},
      {"cut off to bf16", each(a, [](float x) { return f32_from_bits(f32_bits(x) & 0xffff0000u); })},
      {"through tf32, half away", each(a, through_tf32)},
      {"cut off to tf32", each(a, [](float x) { return f32_from_bits(f32_bits(x) & 0xffffe000u); })},
      {"through bf16, then f16", each(a, [&](float x) { return through_f16(bf16(x)); })},
      {"through f16, then bf16", each(a, [&](float x) { return bf16(through_f16(x)); })},
  };
  for (const auto& [name, b] : kCases) {
    const TensorDiff tensor = compare_one(vector_of("F32", a), vector_of("F32", b));
    EXPECT_EQ(tensor.status, DiffStatus::explained) << name;
    EXPECT_EQ(tensor.history, name) << tensor.sentence;
  }
}

TEST_F(DiffHistories, WideningKeepsEveryValue) {
  std::vector<std::uint16_t> all(0x10000);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint16_t>(i);
  const FileTensor bf16 = vector_of("BF16", all), f16 = vector_of("F16", all);
  const std::vector<float> wide = widen(all), wide_f16 = each(all, [](auto x) { return f16_bits_to_f32(x); });
  for (const auto& [a, b] : {std::pair{bf16, vector_of("F32", wide)}, std::pair{f16, vector_of("F32", wide_f16)},
                             std::pair{bf16, vector_of("F64", each(wide, [](auto x) { return f32_to_f64(x); }))}}) {
    const TensorDiff tensor = compare_one(a, b);
    EXPECT_EQ(tensor.status, DiffStatus::same_values);
    EXPECT_EQ(tensor.history, "kept exactly");
    EXPECT_EQ(tensor.counts.changed, 0u);
    EXPECT_EQ(tensor.counts.kept + tensor.counts.nans, all.size());
  }
  std::vector<float> wrong = wide;
  wrong[0x3f81] = std::nextafter(wrong[0x3f81], 2.0f);
  const TensorDiff tensor = compare_one(bf16, vector_of("F32", wrong));
  EXPECT_EQ(tensor.status, DiffStatus::changed);
  ASSERT_EQ(tensor.witnesses.size(), 1u);
  EXPECT_EQ(tensor.witnesses[0].index, 0x3f81u);
  EXPECT_EQ(tensor.witnesses[0].what, "one step up");
}

TEST_F(DiffHistories, BetweenThe16BitFormatsAndF8) {
  std::vector<std::uint16_t> all;
  for (std::uint32_t i = 0; i < 0x10000; ++i)
    if ((i & 0x7fffu) < 0x7c00u) all.push_back(static_cast<std::uint16_t>(i));
  const std::vector<float> of_bf16 = widen(all), of_f16 = each(all, [](auto x) { return f16_bits_to_f32(x); });
  const auto name_of = [&](const FileTensor& a, const FileTensor& b) { return compare_one(a, b).history; };
  EXPECT_EQ(name_of(vector_of("BF16", all), vector_of("F16", to_f16(of_bf16))), "rounded once");
  EXPECT_EQ(name_of(vector_of("F16", all), vector_of("BF16", each(of_f16, [](auto x) { return f32_to_bf16_bits(x); }))),
            "rounded once");
  EXPECT_EQ(name_of(vector_of("F16", all), vector_of("BF16", to_bf16(of_f16, Route::truncated))), "cut off");
  EXPECT_EQ(
      name_of(vector_of("F16", all), vector_of("F8_E4M3", each(of_f16, [](auto x) { return f32_to_f8_e4m3_bits(x); }))),
      "rounded once");
  EXPECT_EQ(
      name_of(vector_of("F16", all), vector_of("F8_E5M2", each(of_f16, [](auto x) { return f32_to_f8_e5m2_bits(x); }))),
      "rounded once");
  const auto clamped = [](float x) { return f32_to_f8_e4m3_bits(std::clamp(x, -448.0f, 448.0f)); };
  EXPECT_EQ(name_of(vector_of("F16", all), vector_of("F8_E4M3", each(of_f16, clamped))), "saturated");
}

TEST_F(DiffHistories, DoubleRoundingOfF64IsSeen) {
  std::vector<double> a(kCount);
  for (std::size_t i = 0; i < kCount; ++i) a[i] = random_unit(9, i);
  for (std::size_t i = 0; i < 64; ++i)  // just above a tie of bf16, nearer than f32 can tell
    a[i] = 1 + static_cast<double>(2 * i + 1) * 0x1p-8 + 0x1p-40;
  const auto directly = each(a, [](auto x) { return f64_to_bf16_bits(x); });
  const auto twice = each(a, [](double x) { return f32_to_bf16_bits(f64_to_f32(x)); });
  EXPECT_EQ(compare_one(vector_of("F64", a), vector_of("BF16", directly)).history, "rounded once");
  const TensorDiff tensor = compare_one(vector_of("F64", a), vector_of("BF16", twice));
  EXPECT_EQ(tensor.history, "through f32");
  EXPECT_EQ(tensor.counts.changed, 32u);  // every second tie goes down
}

}  // namespace
}  // namespace candor::audit_internal::comparison
