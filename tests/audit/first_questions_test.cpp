// The four questions that come before the statistics of the density, in their order and with real block evidence.
#include <gtest/gtest.h>

#include <cmath>

#include "core/formats.h"
#include "tests/audit/ask.h"
#include "tests/audit/quantisers.h"
#include "tests/audit/recipes.h"
#include "tests/audit/tables.h"

namespace candor::audit_internal {
namespace {

std::vector<float> rounded(const std::vector<float>& values, DType dtype) {
  std::vector<float> out = values;
  for (float& x : out) {
    if (dtype == DType::bf16) x = bf16_bits_to_f32(f32_to_bf16_bits(x));
    if (dtype == DType::f16) x = through_f16(x);
  }
  return out;
}

/// A fingerprint with the blocks examined, as the scan makes it.
Fingerprint examined(const std::vector<float>& values, std::size_t columns, DType dtype) {
  const std::vector<std::int64_t> shape = {static_cast<std::int64_t>(values.size() / columns),
                                           static_cast<std::int64_t>(columns)};
  Fingerprint tensor = dtype == DType::f32   ? fingerprint_of(values, shape)
                       : dtype == DType::f16 ? fingerprint_of(to_f16(values), shape, dtype)
                                             : fingerprint_of(to_bf16(values, Route::rne), shape);
  const std::vector<std::byte> bytes = stored(rounded(values, dtype), dtype);
  tensor.blocks = examine_blocks({bytes.data(), dtype, values.size() / columns, columns});
  return tensor;
}

constexpr DType kContainers[] = {DType::bf16, DType::f16, DType::f32};

TEST(FirstQuestions, QuantisersAreNamed) {
  struct Case {
    const char* sub;
    std::size_t height, width;
    BlockQuantiser quantiser;
  };
  const Case cases[] = {
      {"int8 g128", 1, 128, symmetric_integers(127)},
      {"int8 row", 1, 0, symmetric_integers(127)},
      {"int4 g32", 1, 32, symmetric_integers(7)},
      {"int4 g64", 1, 64, integers_with_zero_point(4)},
      {"int4 g128", 1, 128, integers_with_zero_point(4)},
      {"nf4", 1, 64, codebook(nf4_levels())},
      {"mxfp4", 1, 32, codebook(e2m1_levels(), [](double s) { return std::exp2(std::ceil(std::log2(s))); })},
      {"fp8 e4m3 128x128", 128, 128, codebook(f8_levels(DType::f8_e4m3))},
      {"fp8 e4m3 row", 1, 0, codebook(f8_levels(DType::f8_e4m3))}};
  for (const Case& c : cases)
    for (const DType dtype : kContainers) {
      Matrix matrix{512, 512, draw(Law::normal, 0.02, 512 * 512, 12)};
      quantise(matrix, c.height, c.width, c.quantiser);
      const Asked asked = ask_first_four(examined(matrix.values, 512, dtype));
      EXPECT_EQ(asked.verdict(), AuditVerdict::dequantised)
          << c.sub << " in " << dtype_name(dtype) << ": " << said(asked);
      EXPECT_EQ(asked.sub().substr(0, std::string(c.sub).size()), c.sub) << dtype_name(dtype);
    }
}

TEST(FirstQuestions, UnscaledFp8IsWidened) {
  for (const DType dtype : kContainers) {
    std::vector<float> values = draw(Law::normal, 0.06, 512 * 512, 12);
    for (float& x : values) x = f8_e4m3_bits_to_f32(f32_to_f8_e4m3_bits(x));
    const Asked asked = ask_first_four(examined(values, 512, dtype));
    EXPECT_EQ(asked.verdict(), AuditVerdict::widened) << dtype_name(dtype) << ": " << said(asked);
  }
}

TEST(FirstQuestions, TablesAreStructured) {
  struct Case {
    const char* what;
    std::vector<float> values;
    std::size_t columns;
  };
  for (const Case& c : {Case{"DFT 256", dft_basis(256), 256}, Case{"rotary", rotary_table(2048, 64, false), 64},
                        Case{"rotary sines", rotary_table(2048, 64, true), 64}, Case{"ALiBi 8", alibi(8, 2048), 2048},
                        Case{"ALiBi 8, short", alibi(8, 128), 128}, Case{"ALiBi 12", alibi(12, 1024), 1024},
                        Case{"mask", causal_mask(256, -65504), 256}, Case{"mask", causal_mask(256, -3.4e38f), 256},
                        Case{"mask", causal_mask(256, 1e30f), 256}})
    for (const DType dtype : {DType::bf16, DType::f16}) {
      const Asked asked = ask_first_four(examined(c.values, c.columns, dtype));
      EXPECT_EQ(asked.verdict(), AuditVerdict::structured)
          << c.what << " in " << dtype_name(dtype) << ": " << said(asked);
    }
}

TEST(FirstQuestions, GenuineTensorsGoOnAndFindingsStay) {
  for (const Law law : kAllLaws) {
    const std::vector<float> values = draw(law, 0.02, 512 * 256, 40);
    for (const DType dtype : kContainers)
      EXPECT_FALSE(ask_first_four(examined(values, 256, dtype)).proposal) << static_cast<int>(law);
    EXPECT_EQ(ask_first_four(examined(rounded(values, DType::bf16), 256, DType::f32)).sub(), "bf16-in-f32");
  }
}

}  // namespace
}  // namespace candor::audit_internal
