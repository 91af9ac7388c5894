// What is lost is counted, and refused before anything is written.
#include <cmath>
#include <limits>

#include "candor/convert.h"
#include "candor/error.h"
#include "tests/convert/checkpoints.h"

namespace candor {
namespace {

using testing::error_text;
using testing::f32_tensor;
using testing::TemporaryFolder;
using testing::to;
using testing::write_safetensors;

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kMax = std::numeric_limits<float>::max();

std::vector<std::uint16_t> stored(const std::string& path, const std::string& name = "x") {
  const std::string bytes = testing::bytes_of(Checkpoint::open(path), name);
  std::vector<std::uint16_t> out(bytes.size() / 2);
  std::memcpy(out.data(), bytes.data(), bytes.size());
  return out;
}

TEST(Lossy, F16OverflowAndFlushAreCountedAndRefused) {
  const TemporaryFolder folder;
  // 65519 rounds to 65504, 65520 to infinity; 2^-25 is a tie that goes to zero, the next float above it does not.
  const std::string input = write_safetensors(
      folder.path("in.safetensors"), {f32_tensor("x", {65519.0f, 65520.0f, -1e30f, 0x1p-25f, 0x1.000002p-25f, -0x1p-40f,
                                                       0.0f, -0.0f, kInf, kNan, 1.0f, 1e-40f})});
  const std::string output = folder.path("out.safetensors");
  const std::string text = error_text<ValueError>([&] { convert(input, output, to(DType::f16)); });
  EXPECT_NE(
      text.find("2 finite values would become infinite and 3 would become zero, in 1 of 1 tensor: 'x' (f32 to f16: 2 "
                "overflow, 3 become zero; first: element 1 is 65520, the nearest f16 is inf)"),
      std::string::npos)
      << text;
  EXPECT_EQ(folder.names(), std::vector<std::string>{"in.safetensors"});

  ConvertOptions options = to(DType::f16);
  options.allow_lossy = true;
  const ConvertReport report = convert(input, output, options);
  EXPECT_EQ(report.tensors[0].overflowed, 2u);
  EXPECT_EQ(report.tensors[0].flushed, 3u);
  EXPECT_EQ(report.tensors[0].changed, 7u);  // 65519 and 0x1.000002p-25 move too
  EXPECT_EQ(stored(output),
            (std::vector<std::uint16_t>{0x7bff, 0x7c00, 0xfc00, 0, 1, 0x8000, 0, 0x8000, 0x7c00, 0x7e00, 0x3c00, 0}));
}

TEST(Lossy, BecomingZeroAloneIsRefusedInF16) {
  const TemporaryFolder folder;
  const std::string input = write_safetensors(folder.path("in.safetensors"), {f32_tensor("x", {1e-30f, 1.0f})});
  const std::string text =
      error_text<ValueError>([&] { convert(input, folder.path("o.safetensors"), to(DType::f16)); });
  EXPECT_NE(text.find("0 finite values would become infinite and 1 would become zero"), std::string::npos) << text;
  EXPECT_NE(text.find("keep that tensor in f32"), std::string::npos) << text;
  const std::string two =
      write_safetensors(folder.path("two.safetensors"), {f32_tensor("x", {1e-30f}), f32_tensor("y", {1e-30f})});
  const std::string both = error_text<ValueError>([&] { convert(two, folder.path("o.safetensors"), to(DType::f16)); });
  EXPECT_NE(both.find("in 2 of 2 tensors: "), std::string::npos) << both;
  EXPECT_NE(both.find("keep those tensors in f32"), std::string::npos) << both;
}

// bf16 to f16 is lossy too: 86 % of its codes have no place there.
TEST(Lossy, Bf16ToF16IsCheckedAsWell) {
  const TemporaryFolder folder;
  const std::string input = write_safetensors(
      folder.path("in.safetensors"), {{"x", DType::bf16, {3}, testing::raw<std::uint16_t>({0x3f81, 0x4780, 0x3300})}});
  const std::string text =
      error_text<ValueError>([&] { convert(input, folder.path("o.safetensors"), to(DType::f16)); });
  EXPECT_NE(text.find("1 finite value would become infinite and 1 would become zero"), std::string::npos) << text;
  EXPECT_EQ(text.find("grid"), std::string::npos) << text;
  EXPECT_NE(text.find("first: element 1 is 65536, the nearest f16 is inf"), std::string::npos) << text;
}

// No overflow, nothing becomes zero: a value between two f16 subnormals is damage enough. The first guard of all.
TEST(Lossy, Bf16OffTheF16GridIsRefusedWithItsPlace) {
  const TemporaryFolder folder;
  // 1, 1.5 * 2^-24 (off), 2^-20 (subnormal there, exact), 1.0078125 * 2^-18 (off)
  const std::string input =
      write_safetensors(folder.path("in.safetensors"),
                        {{"x", DType::bf16, {4}, testing::raw<std::uint16_t>({0x3f80, 0x33c0, 0x3580, 0x3681})}});
  const std::string text =
      error_text<ValueError>([&] { convert(input, folder.path("o.safetensors"), to(DType::f16)); });
  EXPECT_NE(text.find("2 bf16 values lie off f16's grid and would be rounded, in 1 of 1 tensor: 'x' (bf16 to f16: 0 "
                      "overflow, 0 become zero, 2 off the f16 grid; first: element 1 is 8.94069672e-08, the nearest "
                      "f16 is 1.1920929e-07)"),
            std::string::npos)
      << text;
  EXPECT_EQ(folder.names().size(), 1u);
  const ConvertReport report = convert_plan(input, folder.path("o.safetensors"), to(DType::f16));
  EXPECT_EQ(report.refusal, text);
  EXPECT_EQ(report.tensors[0].unreachable, 2u);
  EXPECT_EQ(report.tensors[0].became_subnormal, 3u);
  EXPECT_EQ(report.tensors[0].first_unreachable->element, 1u);
  ConvertOptions options = to(DType::f16);
  options.allow_lossy = true;
  convert(input, folder.path("o.safetensors"), options);
  EXPECT_EQ(stored(folder.path("o.safetensors")), (std::vector<std::uint16_t>{0x3c00, 2, 0x10, 0x40}));
}

// What is only rounded, though below f16's normal range, is not why f32 is refused.
TEST(Lossy, TheFirstElementIsOneThatNeedsPermission) {
  const TemporaryFolder folder;
  const auto refusal = [&](std::vector<float> values, DType dtype) {
    const std::string input = write_safetensors(folder.path("in.safetensors"), {f32_tensor("x", std::move(values))});
    return convert_plan(input, folder.path("o.safetensors"), to(dtype)).refusal;
  };
  const float rounded = 4.31805456e-05f, zero = 1e-8f, large = 1e6f;
  EXPECT_NE(
      refusal({rounded, 1, zero, large}, DType::f16).find("first: element 2 is 9.99999994e-09, the nearest f16 is 0"),
      std::string::npos);
  EXPECT_NE(refusal({rounded, large, zero}, DType::f16).find("first: element 1 is 1000000, the nearest f16 is inf"),
            std::string::npos);
  EXPECT_NE(refusal({0x1p-149f, 3.4e38f}, DType::bf16).find("first: element 1 is 3.39999995e+38"), std::string::npos);
}

// Ordinary rounding of f32 stays allowed, also between f16 subnormals: f32 is rounded anyway.
TEST(Lossy, F32ToF16RoundsWithoutPermission) {
  const TemporaryFolder folder;
  const std::string input = write_safetensors(folder.path("in.safetensors"), {f32_tensor("x", {0x1.8p-24f, 0.1f})});
  const ConvertReport report = convert(input, folder.path("o.safetensors"), to(DType::f16));
  EXPECT_EQ(report.tensors[0].unreachable, 1u);
  EXPECT_TRUE(report.refusal.empty());
}

TEST(Lossy, F32ToBf16NeedsNoPermissionForRoundingOrZero) {
  const TemporaryFolder folder;
  // Below half of the smallest bf16 subnormal, 2^-134: zero. A tie rounds to even; NaN stays NaN; subnormals stay.
  const std::string input =
      write_safetensors(folder.path("in.safetensors"),
                        {f32_tensor("x", {1.00390625f, 0x1p-140f, 0x1p-133f, kNan, -kInf, -0.0f, 3.3895e38f})});
  const ConvertReport report = convert(input, folder.path("o.safetensors"), to(DType::bf16));
  EXPECT_EQ(report.tensors[0].flushed, 1u);
  EXPECT_EQ(report.tensors[0].overflowed, 0u);
  EXPECT_EQ(stored(folder.path("o.safetensors")),
            (std::vector<std::uint16_t>{0x3f80, 0, 1, 0x7fc0, 0xff80, 0x8000, 0x7f7f}));
}

TEST(Lossy, F32ToBf16OverflowNeedsPermission) {
  const TemporaryFolder folder;
  const std::string input = write_safetensors(folder.path("in.safetensors"), {f32_tensor("x", {kMax, 1.0f})});
  const std::string text =
      error_text<ValueError>([&] { convert(input, folder.path("o.safetensors"), to(DType::bf16)); });
  EXPECT_NE(text.find("'x' (f32 to bf16: 1 overflows, 0 become zero; first: element 0 is 3.40282347e+38"),
            std::string::npos)
      << text;
  ConvertOptions options = to(DType::bf16);
  options.allow_lossy = true;
  convert(input, folder.path("o.safetensors"), options);
  EXPECT_EQ(stored(folder.path("o.safetensors")), (std::vector<std::uint16_t>{0x7f80, 0x3f80}));
}

// 1 + 2^-8 + 2^-16 tells one rounding from two: directly it goes up, through f16 or f32-to-f16 steps it would go to 1.
TEST(Lossy, F64IsRoundedOnce) {
  const TemporaryFolder folder;
  const std::vector<double> values = {1 + 0x1p-8 + 0x1p-40, 1 + 0x1p-8, 1e300};
  const std::string input =
      write_safetensors(folder.path("in.safetensors"), {{"x", DType::f64, {3}, testing::raw(values)}});
  EXPECT_NE(
      error_text<ValueError>([&] { convert(input, folder.path("o.safetensors"), to(DType::f32)); }).find("1 finite"),
      std::string::npos);
  ConvertOptions options = to(DType::bf16);
  options.allow_lossy = true;
  convert(input, folder.path("o.safetensors"), options);
  EXPECT_EQ(stored(folder.path("o.safetensors")), (std::vector<std::uint16_t>{0x3f81, 0x3f80, 0x7f80}));
}

TEST(Lossy, KeptTensorsAreNotCounted) {
  const TemporaryFolder folder;
  const std::string input =
      write_safetensors(folder.path("in.safetensors"), {f32_tensor("big.norm", {1e30f}), f32_tensor("x", {1.0f})});
  ConvertOptions options = to(DType::f16);
  options.keep_f32 = {"*norm*"};
  const ConvertReport report = convert(input, folder.path("o.safetensors"), options);
  EXPECT_EQ(report.tensors[0].to, DType::f32);
  EXPECT_EQ(report.tensors[1].to, DType::f16);
  options.keep_f32 = {"*norm*", "nothing"};
  EXPECT_NE(error_text<ValueError>([&] {
              convert(input, folder.path("p.safetensors"), options);
            }).find("'nothing' matches none of 2 tensors;"),
            std::string::npos);
}

// A pattern that changes nothing is a mistake of whoever wrote it.
TEST(Lossy, APatternOfTensorsThatAreCopiedAnywayIsRefused) {
  const TemporaryFolder folder;
  const std::string input = write_safetensors(folder.path("in.safetensors"),
                                              {{"ids", DType::i64, {1}, testing::raw<std::int64_t>({1})},
                                               {"scale", DType::f8_e8m0, {1}, "a"},
                                               {"w", DType::bf16, {1}, testing::raw<std::uint16_t>({0x3f80})}});
  ConvertOptions options = to(DType::f16);
  for (const char* pattern : {"ids", "scale", "[is]*"}) {
    options.keep_f32 = {pattern};
    const std::string text = error_text<ValueError>([&] { convert(input, folder.path("o.safetensors"), options); });
    EXPECT_NE(text.find(std::string(pattern) + "' matches only tensors that are copied as they are"), std::string::npos)
        << text;
  }
  options.keep_f32 = {"*"};
  convert(input, folder.path("o.safetensors"), options);
  EXPECT_EQ(Checkpoint::open(folder.path("o.safetensors")).find("w")->dtype, DType::f32);  // widened
}

TEST(Lossy, PlanCountsAndWritesNothing) {
  const TemporaryFolder folder;
  const std::string input =
      write_safetensors(folder.path("in.safetensors"), {f32_tensor("x", {1e30f, 1.0f, 1.001f, 1e-30f})});
  const ConvertReport report = convert_plan(input, folder.path("out"), to(DType::f16));
  EXPECT_EQ(report.tensors[0].overflowed, 1u);
  EXPECT_EQ(report.tensors[0].flushed, 1u);
  EXPECT_EQ(report.tensors[0].changed, 3u);
  EXPECT_NEAR(report.tensors[0].max_relative_change, std::fabs(1.001f - 1.0009765625f) / 1.001, 1e-9);
  EXPECT_TRUE(report.files.empty());
  EXPECT_EQ(report.bytes_in, 16u);
  EXPECT_EQ(report.bytes_out, 8u);
  EXPECT_EQ(folder.names(), std::vector<std::string>{"in.safetensors"});
}

}  // namespace
}  // namespace candor
