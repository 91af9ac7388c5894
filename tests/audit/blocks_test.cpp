// Weights that were quantised in blocks and dequantised again: the scheme is
// named, its scale found to 2^-8.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "audit/block_evidence.h"
#include "tests/audit/quantisers.h"
#include "tests/audit/recipes.h"

namespace candor::audit_internal {
namespace {

using testing::StartsWith;

struct Case {
  std::string label, name, extent;
  std::function<std::vector<double>(Matrix&)> apply;  // empty result: the scales are not checked
};

Matrix weights(std::uint64_t seed, std::size_t rows = 512, std::size_t columns = 512) {
  return {.rows = rows, .columns = columns, .values = draw(Law::normal, 0.02, rows * columns, seed)};
}

BlockEvidence examine(const Matrix& matrix, DType dtype) {
  const std::vector<std::byte> bytes = stored(matrix.values, dtype);
  return examine_blocks({.data = bytes.data(), .dtype = dtype, .rows = matrix.rows, .columns = matrix.columns});
}

Case blocks(std::string label, std::string name, std::string extent, std::size_t height, std::size_t width,
            BlockQuantiser quantiser) {
  return {std::move(label), std::move(name), std::move(extent),
          [=](Matrix& matrix) { return quantise(matrix, height, width, quantiser); }};
}

Case gguf(DType dtype, std::string name, std::string extent) {
  return {std::string(dtype_name(dtype)), std::move(name), std::move(extent), [=](Matrix& matrix) {
            through_gguf(matrix, dtype);
            return std::vector<double>{};
          }};
}

double power_of_two_below(double scale) { return std::exp2(std::floor(std::log2(scale * 6)) - 2); }

// NVFP4: the scale is an e4m3 number times one of the tensor.
double on_e4m3(double scale) {
  constexpr double kOfTensor = 3.1e-5;
  const auto levels = f8_levels(DType::f8_e4m3);
  return kOfTensor * *std::min_element(levels.begin(), levels.end(), [&](double a, double b) {
           return std::fabs(a - scale / kOfTensor) < std::fabs(b - scale / kOfTensor);
         });
}

std::vector<Case> integer_cases() {
  std::vector<Case> cases;
  for (const std::size_t group : {32u, 64u, 128u}) {
    const std::string size = std::to_string(group), rows = size + " along rows", columns = size + " along columns";
    cases.push_back(blocks("int4_symmetric_g" + size, "int4 symmetric", rows, 1, group, symmetric_integers(7)));
    cases.push_back(blocks("int4_zero_point_g" + size, "int4 asymmetric", rows, 1, group, integers_with_zero_point(4)));
    cases.push_back(blocks("int4_affine_g" + size, "int4 asymmetric", rows, 1, group, affine_integers(4)));
    cases.push_back(blocks("int8_symmetric_g" + size, "int8 symmetric", rows, 1, group, symmetric_integers(127)));
    cases.push_back(blocks("int4_columns_g" + size, "int4 symmetric", columns, group, 1, symmetric_integers(7)));
    cases.push_back(
        blocks("int4_zero_columns_g" + size, "int4 asymmetric", columns, group, 1, integers_with_zero_point(4)));
  }
  cases.push_back(blocks("int8_row", "int8 symmetric", "row", 1, 0, symmetric_integers(127)));
  cases.push_back(blocks("int8_column", "int8 symmetric", "column", 0, 1, symmetric_integers(127)));
  cases.push_back(blocks("int8_tensor", "int8 symmetric", "tensor", 0, 0, symmetric_integers(127)));
  cases.push_back(blocks("int8_zero_point_tensor", "int8 asymmetric", "tensor", 0, 0, integers_with_zero_point(8)));
  cases.push_back(blocks("int8_affine_row", "int8 asymmetric", "row", 1, 0, affine_integers(8)));
  cases.push_back(blocks("int4_row", "int4 symmetric", "row", 1, 0, symmetric_integers(7)));
  cases.push_back(blocks("int3_g64", "int3 asymmetric", "64 along rows", 1, 64, affine_integers(3)));
  cases.push_back(blocks("int2_g64", "int2 asymmetric", "64 along rows", 1, 64, affine_integers(2)));
  return cases;
}

std::vector<Case> float_cases() {
  const auto e4m3 = f8_levels(DType::f8_e4m3), e5m2 = f8_levels(DType::f8_e5m2);
  return {
      blocks("nf4_g64", "nf4", "64 along rows", 1, 64, codebook(nf4_levels())),
      blocks("fp4_g32", "fp4 e2m1", "32 along rows", 1, 32, codebook(e2m1_levels())),
      blocks("mxfp4", "mxfp4", "32 along rows", 1, 32, codebook(e2m1_levels(), power_of_two_below)),
      blocks("nvfp4", "nvfp4", "16 along rows", 1, 16, codebook(e2m1_levels(), on_e4m3)),
      blocks("e4m3_tensor", "fp8 e4m3", "tensor", 0, 0, codebook(e4m3)),
      blocks("e4m3_row", "fp8 e4m3", "row", 1, 0, codebook(e4m3)),
      blocks("e4m3_tile", "fp8 e4m3", "128x128", 128, 128, codebook(e4m3)),
      blocks("e4m3_g128", "fp8 e4m3", "128 along rows", 1, 128, codebook(e4m3)),
      blocks("e5m2_tensor", "fp8 e5m2", "tensor", 0, 0, codebook(e5m2)),
      blocks("e5m2_row", "fp8 e5m2", "row", 1, 0, codebook(e5m2)),
      blocks("e5m2_tile", "fp8 e5m2", "128x128", 128, 128, codebook(e5m2)),
  };
}

std::vector<Case> gguf_cases() {
  return {gguf(DType::q4_0, "int4 symmetric (q4_0)", "32 along rows"),
          gguf(DType::q4_1, "int4 asymmetric (q4_1)", "32 along rows"),
          gguf(DType::q5_0, "int5 symmetric (q5_0)", "32 along rows"),
          gguf(DType::q5_1, "int5 asymmetric (q5_1)", "32 along rows"),
          gguf(DType::q8_0, "int8 symmetric (q8_0)", "32 along rows"),
          gguf(DType::q4_k, "int4 asymmetric (q4_k)", "32 along rows"),
          gguf(DType::q5_k, "int5 asymmetric (q5_k)", "32 along rows"),
          gguf(DType::q6_k, "int6 symmetric (q6_k)", "16 along rows")};
}

std::vector<Case> all_cases() {
  std::vector<Case> all = integer_cases();
  for (auto& some : {float_cases(), gguf_cases()}) all.insert(all.end(), some.begin(), some.end());
  return all;
}

// The scheme reports the scale of some block; with few blocks (row, tile,
// tensor) this is a sharp test, with thousands of blocks of 32 it is not, and
// BlockDetails.ScaleOfEachBlock is.
double distance_to_nearest(const std::vector<double>& scales, double found) {
  double nearest = 1e300;
  for (const double scale : scales) nearest = std::min(nearest, std::fabs(found / scale - 1));
  return nearest;
}

class BlockScheme : public testing::TestWithParam<std::tuple<std::size_t, DType>> {};

TEST_P(BlockScheme, IsNamedWithItsScale) {
  const Case test = all_cases()[std::get<0>(GetParam())];
  const DType dtype = std::get<1>(GetParam());
  for (const std::uint64_t seed : {1u, 2u}) {
    Matrix matrix = weights(seed);
    const std::vector<double> scales = test.apply(matrix);
    const BlockEvidence evidence = examine(matrix, dtype);
    ASSERT_FALSE(evidence.schemes.empty()) << test.label;
    const AuditBlockScheme& best = evidence.schemes.front();
    EXPECT_THAT(best.name, StartsWith(test.name)) << test.label;
    EXPECT_EQ(best.extent, test.extent) << test.label;
    EXPECT_GE(best.bits, 40) << test.label;
    EXPECT_GE(static_cast<double>(best.fitting), 0.95 * static_cast<double>(best.tested)) << test.label;
    if (scales.empty()) continue;
    EXPECT_LE(distance_to_nearest(scales, best.scale), 0x1p-8) << test.label << " " << best.scale;
  }
}

std::string case_name(const testing::TestParamInfo<std::tuple<std::size_t, DType>>& info) {
  return all_cases()[std::get<0>(info.param)].label + "_" + std::string(dtype_name(std::get<1>(info.param)));
}

// Rows whose sizes differ: most values are on a few small levels, and only the largest of the tensor shows that the
// levels are int8's. `spread`: of the sizes' logarithms.
Matrix uneven(std::uint64_t seed, double spread) {
  Matrix matrix = weights(seed);
  const std::vector<float> logarithms = draw(Law::normal, spread, matrix.rows, seed + 100);
  for (std::size_t i = 0; i < matrix.values.size(); ++i) matrix.values[i] *= std::exp(logarithms[i / matrix.columns]);
  return matrix;
}

TEST(BlockSchemeOfATensor, Int8WhoseRowsDifferInSize) {
  for (const DType dtype : {DType::bf16, DType::f16, DType::f32}) {
    for (const double spread : {0.5, 0.7, 1.0}) {
      for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        Matrix matrix = uneven(seed, spread);
        const std::vector<double> scales = quantise(matrix, 0, 0, symmetric_integers(127));
        const BlockEvidence evidence = examine(matrix, dtype);
        ASSERT_FALSE(evidence.schemes.empty()) << spread << " " << seed << " " << dtype_name(dtype);
        EXPECT_EQ(evidence.schemes.front().name, "int8 symmetric");
        EXPECT_EQ(evidence.schemes.front().extent, "tensor");
        EXPECT_EQ(evidence.first, 0u) << "the tensor begins there, not a sample of it";
        EXPECT_LE(distance_to_nearest(scales, evidence.schemes.front().scale), 0x1p-8);
      }
    }
  }
}

// The levels of int4 or int5, and one value where int8 ends: that is not int8.
TEST(BlockSchemeOfATensor, AFewLevelsAndAnOutlierAreNone) {
  for (const float most : {3.0f, 7.0f, 15.0f}) {
    Matrix matrix = weights(6);
    for (float& value : matrix.values) value = 0.0013f * std::round(std::clamp(value / 0.02f * most / 3, -most, most));
    matrix.values[777] = 0.0013f * 127;
    for (const DType dtype : {DType::bf16, DType::f16, DType::f32})
      EXPECT_TRUE(examine(matrix, dtype).schemes.empty()) << most << " " << dtype_name(dtype);
  }
}

// Infinities and NaNs beside the values do not hide where the levels end.
TEST(BlockSchemeOfATensor, ItsEndIsThatOfTheFiniteValues) {
  Matrix matrix = uneven(5, 0.7);
  quantise(matrix, 0, 0, symmetric_integers(127));
  for (std::size_t i = 0; i < matrix.values.size(); i += 101)
    matrix.values[i] = i % 2 == 0 ? std::numeric_limits<float>::infinity() : std::numeric_limits<float>::quiet_NaN();
  for (const DType dtype : {DType::bf16, DType::f16, DType::f32}) {
    const BlockEvidence evidence = examine(matrix, dtype);
    ASSERT_FALSE(evidence.schemes.empty()) << dtype_name(dtype);
    EXPECT_EQ(evidence.schemes.front().extent, "tensor") << dtype_name(dtype);
  }
}

INSTANTIATE_TEST_SUITE_P(All, BlockScheme,
                         testing::Combine(testing::Range<std::size_t>(0, all_cases().size()),
                                          testing::Values(DType::bf16, DType::f16, DType::f32)),
                         case_name);

}  // namespace
}  // namespace candor::audit_internal
