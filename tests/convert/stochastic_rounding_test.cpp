// Rounding by chance: as often up as the distance says, the same bits for the same seed, whatever the machine.
#include "convert/stochastic_rounding.h"

#include <cmath>
#include <limits>

#include "candor/error.h"
#include "candor/machine.h"
#include "candor/ops.h"
#include "candor/receipt.h"
#include "convert/tensor_stream.h"
#include "tests/convert/checkpoints.h"

namespace candor {
namespace {

using convert_internal::round_stochastically;
using convert_internal::rounding_bits;
using convert_internal::rounding_key;
using testing::error_text;
using testing::f32_tensor;
using testing::read_bytes;
using testing::TemporaryFolder;
using testing::to;
using testing::write_safetensors;

ConvertOptions by_chance(DType dtype, std::uint64_t seed) {
  ConvertOptions options = to(dtype);
  options.rounding = ConvertRounding::stochastic;
  options.seed = seed;
  options.overwrite = options.allow_lossy = true;
  return options;
}

// Fixed numbers: another machine, compiler or version must give these.
TEST(StochasticRounding, TheChanceIsAFunctionOfSeedNameAndElement) {
  EXPECT_EQ(rounding_key(7, "model.embed_tokens.weight"), 0xf8294d322ba1b741u);
  EXPECT_EQ(rounding_bits(1, 0), 0x107d8d0d82c008u);
  EXPECT_EQ(rounding_bits(1, 1), 0xb8a57a80a9d2bu);
  EXPECT_NE(rounding_key(7, "a"), rounding_key(8, "a"));
  EXPECT_NE(rounding_key(7, "a"), rounding_key(7, "b"));
  EXPECT_LT(rounding_bits(1, 2), std::uint64_t{1} << 53);
}

/// How often a value of `dtype` goes up out of `count`.
double share_up(double value, double upper, DType dtype, std::int64_t count) {
  Tensor before = Tensor::empty({count}, DType::f64);
  for (std::int64_t i = 0; i < count; ++i) before.data_as<double>()[i] = value;
  const std::vector<float> after = round_stochastically(before, dtype, rounding_key(3, "x"), 0).to_f32();
  std::int64_t up = 0;
  for (const float y : after) up += static_cast<double>(y) == upper ? 1 : 0;
  return static_cast<double>(up) / static_cast<double>(count);
}

// 5 standard deviations of a share of 100,000: the seed is fixed, so this never flickers.
TEST(StochasticRounding, GoesUpAsOftenAsTheDistanceSays) {
  constexpr std::int64_t kCount = 100000;
  const auto near = [](double share, double wanted) {
    return std::fabs(share - wanted) <= 5 * std::sqrt(wanted * (1 - wanted) / static_cast<double>(kCount));
  };
  EXPECT_TRUE(near(share_up(1 + 0x1p-7 * 0.25, 1 + 0x1p-7, DType::bf16, kCount), 0.25));
  EXPECT_TRUE(near(share_up(-1 - 0x1p-7 * 0.9, -1 - 0x1p-7, DType::bf16, kCount), 0.9));
  EXPECT_TRUE(near(share_up(0x1p-24 * 2.5, 0x1p-24 * 3, DType::f16, kCount), 0.5));     // f16 subnormals
  EXPECT_TRUE(near(share_up(0x1p-133 * 0.125, 0x1p-133, DType::bf16, kCount), 0.125));  // or zero
  EXPECT_TRUE(near(share_up(65504 + 8, std::numeric_limits<double>::infinity(), DType::f16, kCount), 0.25));
}

TEST(StochasticRounding, WhatTheTargetHasStays) {
  for (const DType to_dtype : {DType::bf16, DType::f16}) {
    Tensor codes = Tensor::empty({65536}, to_dtype);
    for (std::int64_t i = 0; i < 65536; ++i) codes.data_as<std::uint16_t>()[i] = static_cast<std::uint16_t>(i);
    const Tensor wide = cast(codes, DType::f32);
    const Tensor by_chance = round_stochastically(wide, to_dtype, 1, 0), nearest = cast(wide, to_dtype);
    EXPECT_EQ(std::memcmp(by_chance.data(), nearest.data(), nearest.nbytes()), 0);  // NaNs, -0 and subnormals too
  }
}

// Pieces, threads and the order of the tensors change nothing; the seed and the name do.
TEST(StochasticRounding, SameBitsForTheSameSeed) {
  const TemporaryFolder folder;
  const std::size_t count = static_cast<std::size_t>(convert_internal::kPieceElements + 1000);  // two pieces
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = 1.0f + static_cast<float>(i % 997) * 0x1p-17f;
  const std::string one = write_safetensors(folder.path("one.safetensors"), {f32_tensor("x", values)});
  convert(one, folder.path("a.safetensors"), by_chance(DType::bf16, 5));
  const int before = threads();
  set_threads(1);
  convert(one, folder.path("b.safetensors"), by_chance(DType::bf16, 5));
  set_threads(before);
  EXPECT_EQ(read_bytes(folder.path("a.safetensors")), read_bytes(folder.path("b.safetensors")));
  const Tensor whole = Tensor::from_f32(values, {static_cast<std::int64_t>(count)});
  const Tensor wanted = round_stochastically(whole, DType::bf16, rounding_key(5, "x"), 0);
  const std::string found = testing::bytes_of(Checkpoint::open(folder.path("a.safetensors")), "x");
  ASSERT_EQ(found.size(), wanted.nbytes());
  EXPECT_EQ(std::memcmp(found.data(), wanted.data(), found.size()), 0);
  convert(one, folder.path("c.safetensors"), by_chance(DType::bf16, 6));
  EXPECT_NE(testing::bytes_of(Checkpoint::open(folder.path("c.safetensors")), "x"), found);
  EXPECT_EQ(Checkpoint::open(folder.path("a.safetensors")).safetensors_metadata().at("candor.rounding"),
            "stochastic, seed 5; one rounding");
}

TEST(StochasticRounding, NeedsADtypeToRoundTo) {
  const TemporaryFolder folder;
  const std::string input = write_safetensors(folder.path("in.safetensors"), {f32_tensor("x", {0.1f})});
  const std::string text =
      error_text<ValueError>([&] { convert(input, folder.path("o.safetensors"), by_chance(DType::any, 1)); });
  EXPECT_NE(text.find("every tensor keeps its dtype"), std::string::npos) << text;
}

TEST(StochasticRounding, IsInTheLedgerUnderItsName) {
  const TemporaryFolder folder;
  const std::string input = write_safetensors(folder.path("in.safetensors"), {f32_tensor("x", {0.1f, 0.2f})});
  Recorder recorder;
  const ConvertReport report = convert(input, folder.path("o.safetensors"), by_chance(DType::bf16, 1));
  recorder.stop();
  ASSERT_EQ(recorder.casts().size(), 1u);
  EXPECT_EQ(recorder.casts()[0].reason, "convert: round stochastically");
  EXPECT_EQ(report.tensors[0].changed, 2u);
  EXPECT_LT(report.tensors[0].max_ulps, 1.0);
}

}  // namespace
}  // namespace candor
