// Tensors that were never quantised in blocks, however odd: no scheme may be
// named.
#include <gtest/gtest.h>

#include <cmath>

#include "audit/block_evidence.h"
#include "core/formats.h"
#include "tests/audit/quantisers.h"
#include "tests/audit/recipes.h"

namespace candor::audit_internal {
namespace {

constexpr DType kDTypes[] = {DType::bf16, DType::f16, DType::f32};

std::string schemes_of(const Matrix& matrix, DType dtype) {
  const std::vector<std::byte> bytes = stored(matrix.values, dtype);
  std::string named;
  const TensorSlice slice{.data = bytes.data(), .dtype = dtype, .rows = matrix.rows, .columns = matrix.columns};
  for (const AuditBlockScheme& scheme : examine_blocks(slice).schemes) {
    named.append(scheme.name).append(" ").append(scheme.extent).append(" ");
    named.append(std::to_string(scheme.bits)).append("; ");
  }
  return named;
}

void expect_nothing(const Matrix& matrix, const std::string& what) {
  for (const DType dtype : kDTypes) {
    EXPECT_EQ(schemes_of(matrix, dtype), "") << what << " as " << dtype_name(dtype);
  }
}

/// Values that f16 cannot hold.
void expect_nothing_wide(const Matrix& matrix, const std::string& what) {
  for (const DType dtype : {DType::bf16, DType::f32})
    EXPECT_EQ(schemes_of(matrix, dtype), "") << what << " as " << dtype_name(dtype);
}

Matrix filled(std::size_t rows, std::size_t columns, const std::function<double(std::size_t, std::size_t)>& value) {
  Matrix matrix{.rows = rows, .columns = columns, .values = {}};
  for (std::size_t i = 0; i < rows * columns; ++i) {
    matrix.values.push_back(static_cast<float>(value(i / columns, i % columns)));
  }
  return matrix;
}

constexpr std::pair<std::size_t, std::size_t> kShapes[] = {{1, 64},   {1, 768},   {4, 16},   {64, 64},  {128, 128},
                                                           {96, 250}, {512, 100}, {3, 4096}, {256, 256}};

// 8 laws x 9 shapes x 8 scales x 2 seeds x 3 dtypes: 3,456 tensors.
TEST(NoScheme, GenuineTensorsOfEveryLaw) {
  std::uint64_t seed = 100;
  for (const Law law : kAllLaws) {
    for (const auto& [rows, columns] : kShapes) {
      for (const double sigma : {1e-6, 1e-4, 0.003, 0.02, 0.0371, 0.25, 1.0, 30.0}) {
        for (int repeat = 0; repeat < 2; ++repeat) {
          expect_nothing({.rows = rows, .columns = columns, .values = draw(law, sigma, rows * columns, ++seed)},
                         "law " + std::to_string(static_cast<int>(law)) + " sigma " + std::to_string(sigma) + " " +
                             std::to_string(rows) + "x" + std::to_string(columns));
        }
      }
    }
  }
}

// A few units in the last place wide: a handful of codes, which is no
// quantisation. 600 tensors.
TEST(NoScheme, GainsNearOne) {
  std::uint64_t seed = 9000;
  for (const double mean : {0.3, 0.96, 1.0, 1.7, 8.0}) {
    for (const double sigma : {0.001, 0.01, 0.03, 0.1}) {
      for (const std::size_t count : {64u, 768u, 1536u, 4096u, 20000u}) {
        for (int repeat = 0; repeat < 2; ++repeat) {
          const std::vector<float> gains = draw_around(mean, sigma, count, ++seed);
          expect_nothing({.rows = 1, .columns = count, .values = gains}, "gains");
          // The same in an F32 file that was widened from bf16 or f16: eight or
          // eleven significant bits in a wide coat.
          const Matrix widened{.rows = 1, .columns = count, .values = widen(to_bf16(gains, Route::rne))};
          EXPECT_EQ(schemes_of(widened, DType::f32), "") << "widened gains, mean " << mean << " sigma " << sigma;
          Matrix halves{.rows = 1, .columns = count, .values = {}};
          for (const float gain : gains) halves.values.push_back(through_f16(gain));
          EXPECT_EQ(schemes_of(halves, DType::f32), "") << "widened f16 gains, mean " << mean << " sigma " << sigma;
        }
      }
    }
  }
}

TEST(NoScheme, EveryDetour) {
  for (const Route route : kAllRoutes) {
    for (const double sigma : {1e-6, 3e-5, 0.02}) {
      const std::vector<float> values = draw(Law::normal, sigma, 65536, 77);
      expect_nothing({.rows = 256, .columns = 256, .values = widen(to_bf16(values, route))},
                     "route " + std::to_string(static_cast<int>(route)));
    }
  }
}

// LoRA's B after a few steps of Adam from zero: small multiples of the learning
// rate.
TEST(NoScheme, MultiplesOfALearningRate) {
  for (const double rate : {1e-4, 2e-4, 3e-5, 1.0 / 1024}) {
    for (const int most : {1, 2, 3, 4, 6, 8, 12, 15}) {
      for (const std::uint64_t seed : {1u, 2u}) {
        expect_nothing(filled(128, 64,
                              [&](std::size_t row, std::size_t column) {
                                const double u =
                                    random_unit(seed + static_cast<std::uint64_t>(most), row * 64 + column);
                                return rate * std::round((2 * u - 1) * most);
                              }),
                       "multiples of a rate up to " + std::to_string(most));
      }
    }
  }
}

double bell(std::uint64_t seed, std::size_t place) {  // -1 … 1
  double u = -1.5;
  for (std::uint64_t i = 0; i < 3; ++i) u += random_unit(3 * seed + i, place);
  return u / 1.5;
}

// After a few hundred steps of sign descent they are many: as many as int8 has, but they end anywhere.
TEST(NoScheme, ManyMultiplesOfALearningRate) {
  for (const int most : {40, 49, 50, 64, 100, 120, 126, 129, 140, 200, 256}) {
    for (const std::uint64_t seed : {1u, 2u}) {
      const auto multiple = [&](std::size_t row, std::size_t column) {
        const std::size_t place = row * 256 + column;
        return 1.3e-3 * (place == 777 ? most : std::round(bell(seed, place) * most));
      };
      expect_nothing(filled(256, 256, multiple), "multiples of a rate up to " + std::to_string(most));
    }
  }
}

// Tables of evenly spaced values around some other value: of those, 127 and 128 from end to end are nobody's.
TEST(NoScheme, EvenlySpacedAroundAValue) {
  for (const int steps : {63, 126, 127, 128, 129, 200, 253}) {
    for (const std::uint64_t seed : {1u, 2u}) {
      const auto value = [&](std::size_t row, std::size_t column) {
        const std::size_t place = row * 256 + column;
        const double level = std::round((bell(seed, place) + 1) / 2 * steps);
        return -0.0913 + 1.3e-3 * (place == 777 ? 0 : place == 888 ? steps : level);
      };
      expect_nothing(filled(256, 256, value), "steps " + std::to_string(steps));
    }
  }
}

// One column in eight is too wide for a block to see that it is on the lattice of the others, so that few blocks along
// rows fit, and most along columns do. It still is one lattice.
TEST(NoScheme, OneLatticeInColumnsOfDifferentSizes) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    expect_nothing(filled(256, 256,
                          [&](std::size_t row, std::size_t column) {
                            const double steps = random_unit(seed, column) < 0.125 ? 20000 : 100;
                            return 0.00013 * std::round((2 * random_unit(seed + 50, row * 256 + column) - 1) * steps);
                          }),
                   "columns of different sizes, seed " + std::to_string(seed));
  }
}

TEST(NoScheme, Tables) {
  const auto angle = [](std::size_t row, std::size_t column) {
    return static_cast<double>(row) * std::pow(10000.0, -static_cast<double>(column / 2) / 64.0);
  };
  expect_nothing(
      filled(512, 128, [&](auto r, auto c) { return c % 2 != 0 ? std::sin(angle(r, c)) : std::cos(angle(r, c)); }),
      "rotary table, interleaved");
  expect_nothing(filled(512, 64, [&](auto r, auto c) { return std::sin(angle(r, 2 * c)); }), "rotary sines");
  expect_nothing(filled(512, 64, [&](auto r, auto c) { return std::cos(angle(r, 2 * c)); }), "rotary cosines");
}

TEST(NoScheme, MasksAndRamps) {
  expect_nothing(filled(256, 256, [](auto r, auto c) { return std::cos(2 * M_PI * double(r * c % 256) / 256); }),
                 "DFT");
  expect_nothing(filled(64, 512, [](auto r, auto c) { return -std::exp2(-double(r + 1) / 8) * double(c); }), "ALiBi");
  expect_nothing(filled(128, 128, [](auto r, auto c) { return c > r ? -65504.0 : 0.0; }), "causal mask");
  expect_nothing(filled(1, 4096, [](auto, auto c) { return double(c); }), "positions");
  expect_nothing(filled(1, 64, [](auto, auto c) { return std::pow(10000.0, -double(c) / 64); }), "frequencies");
  expect_nothing(filled(64, 64, [](auto r, auto c) { return r == c ? 1.0 : 0.0; }), "identity");
  expect_nothing(filled(64, 64, [](auto, auto) { return 0.02; }), "constant");
}

TEST(NoScheme, SparseAndRepeatedRows) {
  const std::vector<float> values = draw(Law::normal, 0.02, 512 * 128, 11);
  const auto at = [&](std::size_t row, std::size_t column) { return double{values[row * 128 + column]}; };
  expect_nothing(filled(512, 128, [&](auto r, auto c) { return random_unit(5, r * 128 + c) < 0.95 ? 0.0 : at(r, c); }),
                 "sparse");
  expect_nothing(filled(512, 128, [&](auto r, auto c) { return at(r % 7, c); }), "repeated rows");
  expect_nothing(filled(512, 128, [&](auto r, auto c) { return r % 3 == 0 ? 1e-23 * double(r) : at(r, c); }),
                 "constant rows");
}

// Every value is a multiple of f32's unit at one: 2^-24, f16's quantum.
TEST(NoScheme, DifferencesOfNumbersNearOne) {
  expect_nothing(filled(256, 256,
                        [](auto r, auto c) {
                          const auto a = static_cast<float>(0.5 + 0.5 * random_unit(1, r * 256 + c));
                          return double{a - static_cast<float>(0.75)} * 0x1p-16;
                        }),
                 "differences");
}

// Bytes of something else under the dtype's name: beside a value 2^24 times as large all others seem to be zero.
// Task vectors: multiples of the last bits of the larger tensor, a few of them in each neighbourhood.
TEST(NoScheme, DifferencesOfBf16Tensors) {
  std::uint64_t seed = 7000;
  for (const auto& [rows, columns] : {std::pair<std::size_t, std::size_t>{16, 64}, {16, 256}, {16, 8192}, {64, 256}})
    for (const double sigma : {0.02, 0.1, 1.0})
      for (const double change : {3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1})
        for (int repeat = 0; repeat < 3; ++repeat) {
          const std::vector<float> weights = draw(Law::normal, sigma, rows * columns, ++seed);
          std::vector<float> tuned = draw(Law::normal, sigma * change, rows * columns, ++seed);
          for (std::size_t i = 0; i < tuned.size(); ++i) tuned[i] += weights[i];
          const auto before = to_bf16(weights, Route::rne), after = to_bf16(tuned, Route::rne);
          Matrix matrix{.rows = rows, .columns = columns, .values = {}};
          for (std::size_t i = 0; i < before.size(); ++i)
            matrix.values.push_back(bf16_bits_to_f32(after[i]) - bf16_bits_to_f32(before[i]));
          EXPECT_EQ(schemes_of(matrix, DType::bf16), "") << rows << " x " << columns << ", " << sigma << ", " << change;
        }
}

TEST(NoScheme, ValuesOfAllSizes) {
  const auto any_word = [](std::size_t r, std::size_t c) {
    const auto word = static_cast<std::uint32_t>(random_bits(r, c));
    return double{f32_from_bits((word & 0x807fffffu) | (word % 254 + 1) << 23)};
  };
  expect_nothing_wide(filled(64, 256, any_word), "random words");
  const auto halves = [&](std::size_t r, std::size_t c) {
    return c % 2 == 0 ? any_word(r, c) : 0.02 * (1 + random_unit(r, c));
  };
  expect_nothing_wide(filled(64, 256, halves), "f32 read as two bf16");
  expect_nothing_wide(filled(1, 512, halves), "f32 read as two bf16, one row");
}

// Quantised, then trained on: the lattice is gone.
TEST(NoScheme, FineTunedAfterQuantising) {
  const BlockQuantiser quantisers[] = {symmetric_integers(7),
                                       integers_with_zero_point(4),
                                       affine_integers(4),
                                       symmetric_integers(127),
                                       codebook(nf4_levels()),
                                       codebook(e2m1_levels()),
                                       codebook(f8_levels(DType::f8_e4m3))};
  std::uint64_t seed = 500;
  for (const BlockQuantiser& quantiser : quantisers) {
    for (const std::size_t group : {32u, 64u, 128u}) {
      for (int repeat = 0; repeat < 3; ++repeat) {
        Matrix matrix{.rows = 256, .columns = 256, .values = draw(Law::normal, 0.02, 65536, ++seed)};
        quantise(matrix, 1, group, quantiser);
        const std::vector<float> steps = draw(Law::normal, 1e-4, 65536, ++seed);
        for (std::size_t i = 0; i < steps.size(); ++i) matrix.values[i] += steps[i];
        expect_nothing(matrix, "fine-tuned, group " + std::to_string(group));
      }
    }
  }
}

}  // namespace
}  // namespace candor::audit_internal
