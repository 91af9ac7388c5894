// What block evidence says beside the name: parts of a tensor, exceptions,
// lattices that fit several types, counts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "audit/blocks/distinct.h"
#include "audit/blocks/fit.h"
#include "audit/blocks/search.h"
#include "core/formats.h"
#include "tests/audit/quantisers.h"
#include "tests/audit/recipes.h"

namespace candor::audit_internal {
namespace {

Matrix weights(std::uint64_t seed, std::size_t rows = 512, std::size_t columns = 512) {
  return {.rows = rows, .columns = columns, .values = draw(Law::normal, 0.02, rows * columns, seed)};
}

BlockEvidence examine(const Matrix& matrix, DType dtype) {
  const std::vector<std::byte> bytes = stored(matrix.values, dtype);
  return examine_blocks({.data = bytes.data(), .dtype = dtype, .rows = matrix.rows, .columns = matrix.columns});
}

// Of nothing: an empty scheme, so that a failure is a failed comparison.
AuditBlockScheme best_scheme(const Matrix& matrix, DType dtype) {
  const BlockEvidence evidence = examine(matrix, dtype);
  return evidence.schemes.empty() ? AuditBlockScheme{} : evidence.schemes.front();
}

TEST(BlockDetails, ExceptionsLowerTheFractionAndNothingElse) {
  Matrix matrix = weights(3);
  quantise(matrix, 1, 32, affine_integers(4));
  const Matrix genuine = weights(4);
  for (std::size_t row = 0; row < matrix.rows; ++row) {
    const bool zero = row % 8 == 0,
               other = row % 8 == 1;  // padded rows, rows that were trained on
    for (std::size_t i = row * 512; i < (row + 1) * 512; ++i) {
      if (zero) matrix.values[i] = 0;
      if (other) matrix.values[i] = genuine.values[i];
    }
  }
  const BlockEvidence evidence = examine(matrix, DType::bf16);
  ASSERT_FALSE(evidence.schemes.empty());
  const AuditBlockScheme& best = evidence.schemes.front();
  EXPECT_THAT(best.name, testing::StartsWith("int4 asymmetric"));
  EXPECT_EQ(best.extent, "32 along rows");
  // One row of seven that are not zero; 3 standard deviations of a sample of
  // 112 blocks are 0.1.
  EXPECT_NEAR(static_cast<double>(best.fitting) / static_cast<double>(best.tested), 6.0 / 7, 0.1);
  EXPECT_GT(best.bits, 1000);
}

// f16 scales are refuted where the intervals are sharp enough, and the plain
// name stays.
TEST(BlockDetails, GgufTypesAreOnlyNamedForF16Scales) {
  Matrix matrix = weights(5);
  quantise(matrix, 1, 32, affine_integers(4));
  EXPECT_EQ(best_scheme(matrix, DType::f32).name, "int4 asymmetric");
  matrix = weights(5);
  through_gguf(matrix, DType::q4_1);
  EXPECT_EQ(best_scheme(matrix, DType::f32).name, "int4 asymmetric (q4_1)");
}

// The minima of a model that was quantised from bf16 are bf16 numbers, eight bits long. Where the scale is short as
// well, a block lies on a multiple of 2^-9 with few enough steps, and such blocks share that lattice. It says nothing
// of a tensor whose other blocks do not.
TEST(BlockDetails, BlocksOnACommonLatticeDoNotHideTheScheme) {
  for (const DType dtype : {DType::f16, DType::f32}) {
    for (std::uint64_t seed = 100; seed < 200; ++seed) {
      Matrix matrix = weights(seed, 64, 512);
      for (float& value : matrix.values) value = bf16_bits_to_f32(f32_to_bf16_bits(8 * value));
      through_gguf(matrix, DType::q4_1);
      EXPECT_EQ(best_scheme(matrix, dtype).name, "int4 asymmetric (q4_1)") << seed << " as " << dtype_name(dtype);
    }
  }
}

/// The next power of two from `scale` on.
double power_above(double scale) { return std::exp2(std::ceil(std::log2(scale))); }

// Differences of bf16 values have such blocks too: what is given up for them, and what is not.
TEST(BlockDetails, BlocksWhoseScalesArePowersOfTwo) {
  const auto name_of = [](const BlockQuantiser& quantiser) {
    Matrix matrix = weights(21);
    quantise(matrix, 1, 32, quantiser);
    return best_scheme(matrix, DType::bf16).name;
  };
  std::vector<double> int8(255), int4(15);
  for (int k = -127; k <= 127; ++k) int8[static_cast<std::size_t>(k + 127)] = k;
  for (int k = -7; k <= 7; ++k) int4[static_cast<std::size_t>(k + 7)] = k;
  EXPECT_EQ(name_of(codebook(int8, power_above)), "");
  EXPECT_EQ(name_of(codebook(int4, power_above)), "");
  EXPECT_EQ(name_of(codebook(e2m1_levels(), power_above)), "mxfp4");
  EXPECT_EQ(name_of(codebook(f8_levels(DType::f8_e4m3), power_above)), "fp8 e4m3");
  EXPECT_EQ(name_of(codebook(f8_levels(DType::f8_e5m2), power_above)), "fp8 e5m2");
}

TEST(BlockDetails, RowsThatAreNoMultipleOfABlock) {
  Matrix matrix = weights(6, 256, 768);
  quantise(matrix, 1, 0, symmetric_integers(127));
  EXPECT_EQ(best_scheme(matrix, DType::bf16).extent, "row");
  matrix = weights(6, 256, 768);
  quantise(matrix, 1, 64, codebook(nf4_levels()));
  EXPECT_EQ(best_scheme(matrix, DType::bf16).name, "nf4");
}

// Against the scale of the very block.
TEST(BlockDetails, ScaleOfEachBlock) {
  for (const DType dtype : {DType::bf16, DType::f16, DType::f32}) {
    for (const auto& [family, quantiser] :
         {std::pair{Family::integer, symmetric_integers(7)}, std::pair{Family::integer, symmetric_integers(127)},
          std::pair{Family::affine, affine_integers(4)}, std::pair{Family::nf4, codebook(nf4_levels())},
          std::pair{Family::fp4, codebook(e2m1_levels())}}) {
      Matrix matrix = weights(12, 64, 512);
      const std::vector<double> scales = quantise(matrix, 1, 32, quantiser);
      const std::vector<std::byte> bytes = stored(matrix.values, dtype);
      const TensorSlice slice{.data = bytes.data(), .dtype = dtype, .rows = 64, .columns = 512};
      const BlockSet set = read_blocks(slice, {.kind = Extent::Kind::rows, .block = 32}, 1024);
      const Tally tally = try_blocks(set, family);
      std::size_t close = 0;
      for (std::size_t i = 0; i < tally.fits.size(); ++i) {
        const double scale = scales[set.where[tally.which[i]]];
        close += std::fabs(tally.fits[i].scale() / scale - 1) <= 0x1p-8 ? 1 : 0;
      }
      // A block that happens to use every other level only has twice the scale;
      // with 13 levels in use that is rare.
      EXPECT_GE(close, 1000u) << static_cast<int>(family) << " as " << dtype_name(dtype);
    }
  }
}

TEST(BlockDetails, ConvolutionKernelsAreSeenFlat) {
  Matrix matrix = weights(7, 4096, 64);
  quantise(matrix, 1, 64, symmetric_integers(7));
  const std::vector<std::byte> bytes = stored(matrix.values, DType::bf16);
  const BlockEvidence evidence =
      examine_blocks({.data = bytes.data(), .dtype = DType::bf16, .rows = 4096 * 16, .columns = 4});
  ASSERT_FALSE(evidence.schemes.empty());
  EXPECT_EQ(evidence.schemes.front().name, "int4 symmetric");
}

TEST(BlockDetails, SmallAndStrangeTensorsAreNoTrouble) {
  const std::vector<float> values(64, std::numeric_limits<float>::quiet_NaN());
  const std::vector<std::byte> bytes = stored(values, DType::bf16);
  for (const std::uint64_t columns : {0u, 1u, 2u, 15u, 16u, 64u}) {
    EXPECT_TRUE(
        examine_blocks({.data = bytes.data(), .dtype = DType::bf16, .rows = 1, .columns = columns}).schemes.empty());
  }
}

// Audit theory A6: 31.6 of 32, 62.2 of 64, 121 of 128, 229 of 256, 690 of
// 1,024.
TEST(DistinctCodes, ExpectedValuesAreThoseOfTheTheory) {
  EXPECT_NEAR(expected_distinct(DType::bf16, 32), 31.6, 0.05);
  EXPECT_NEAR(expected_distinct(DType::bf16, 64), 62.2, 0.05);
  EXPECT_NEAR(expected_distinct(DType::bf16, 128), 121.0, 0.5);
  EXPECT_NEAR(expected_distinct(DType::bf16, 256), 229.0, 0.5);
  EXPECT_NEAR(expected_distinct(DType::bf16, 1024), 690.0, 1.0);
  EXPECT_EQ(expected_distinct(DType::f32, 64), 64.0);
}

// Mean over many genuine blocks against the expectation: within 4 standard
// errors, the deviation taken from the sample.
TEST(DistinctCodes, GenuineBlocksHaveAsManyAsExpected) {
  const Matrix matrix = weights(8);
  for (const DType dtype : {DType::bf16, DType::f16}) {
    for (const AuditDistinct& distinct : examine(matrix, dtype).distinct) {
      double blocks = 0, sum = 0, squares = 0;
      for (std::size_t k = 0; k < distinct.blocks.size(); ++k) {
        const double count = distinct.blocks[k], value = static_cast<double>(k);
        blocks += count;
        sum += count * value;
        squares += count * value * value;
      }
      if (blocks < 8) continue;
      const double mean = sum / blocks, variance = std::max(squares / blocks - mean * mean, 0.05);
      // Half a percent for the octave of sigma over which the expectation is
      // averaged and the row length between.
      EXPECT_NEAR(mean, distinct.expected, 4 * std::sqrt(variance / blocks) + 0.005 * distinct.expected)
          << distinct.extent;
    }
  }
}

TEST(DistinctCodes, QuantisedBlocksHaveFew) {
  Matrix matrix = weights(9);
  quantise(matrix, 1, 64, codebook(nf4_levels()));
  for (const AuditDistinct& distinct : examine(matrix, DType::bf16).distinct) {
    if (distinct.extent != "64 along rows") continue;
    EXPECT_LE(distinct.blocks.size(), 17u);  // at most 16 codes
  }
}

// The evidence of one block is an e-value: over genuine blocks the mean of
// 2^bits is at most 1. By Markov's inequality at most one block in 2^b has b
// bits; of 20,000 blocks 20 + 5 standard deviations may have 10.
TEST(BlockFit, EvidenceOfGenuineBlocksIsRare) {
  const Matrix matrix = weights(10, 625, 512);
  const std::vector<std::byte> bytes = stored(matrix.values, DType::bf16);
  const TensorSlice slice{.data = bytes.data(), .dtype = DType::bf16, .rows = 625, .columns = 512};
  const BlockSet set = read_blocks(slice, {.kind = Extent::Kind::rows, .block = 16}, 20000);
  for (const Family family : kFamilies) {
    const Tally tally = try_blocks(set, family);
    const auto many = std::count_if(tally.fits.begin(), tally.fits.end(), [](const Fit& fit) { return fit.bits > 10; });
    EXPECT_LE(many, 42) << static_cast<int>(family);
  }
}

}  // namespace
}  // namespace candor::audit_internal
