// Values stored wider than they are: which ones are shown, and where.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <functional>

#include "audit/scan/wide_values.h"
#include "candor/audit.h"
#include "core/formats.h"
#include "tests/audit/scan_support.h"
#include "tests/io/archive_builders.h"

namespace candor::audit_internal {
namespace {

using namespace candor::testing;

constexpr std::size_t kCount = 65536;

template <class T>
StoredTensor tensor_of(DType dtype, const std::vector<T>& values) {
  return {"weight", dtype, {static_cast<std::int64_t>(values.size() / 256), 256}, bytes_of(values)};
}

std::vector<float> gaussian() { return draw(Law::normal, 0.02, kCount, 3); }

std::vector<float> mapped(std::vector<float> values, const std::function<float(float)>& change) {
  for (float& x : values) x = change(x);
  return values;
}

TensorAudit audited(const StoredTensor& tensor) {
  const TemporaryFolder folder;
  return audit({write_safetensors(folder, {tensor})}).checkpoints.at(0).tensors.at(0);
}

std::vector<AuditWitness> said(const TensorAudit& audit, const std::string& what) {
  std::vector<AuditWitness> out;
  for (const AuditWitness& w : audit.witnesses)
    if (w.what == what) out.push_back(w);
  return out;
}

/// Not zero, no power of two: 2^-k is in every format.
bool tells(double value) {
  return value != 0 && (std::bit_cast<std::uint64_t>(value) & ((std::uint64_t{1} << 52) - 1)) != 0;
}

/// The witnesses are the first elements for which `is` holds.
template <class T>
void expect_first(const std::vector<AuditWitness>& found, const std::vector<T>& values,
                  const std::function<bool(std::size_t)>& is) {
  ASSERT_GE(found.size(), 3u);
  std::size_t next = 0;
  for (const AuditWitness& w : found) {
    while (next < values.size() && !is(next)) ++next;
    ASSERT_LT(next, values.size());
    EXPECT_EQ(w.index, next);
    EXPECT_EQ(w.position, (std::vector<std::int64_t>{static_cast<std::int64_t>(next / 256),
                                                     static_cast<std::int64_t>(next % 256)}));
    EXPECT_EQ(w.value, static_cast<double>(values[next++]));
  }
}

template <class T>
void expect_first_that_tell(const std::vector<AuditWitness>& found, const std::vector<T>& values) {
  expect_first(found, values, [&](std::size_t i) { return tells(static_cast<double>(values[i])); });
}

TEST(WidthWitnesses, WidenedTensorsShowTheirFirstValues) {
  const struct {
    const char* name;
    std::function<float(float)> change;
  } cases[] = {{"bf16", [](float x) { return bf16_bits_to_f32(f32_to_bf16_bits(x)); }},
               {"f16", [](float x) { return through_f16(x); }},
               {"tf32", [](float x) { return through_tf32(x * 0x1p-10f); }}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const std::vector<float> values = mapped(gaussian(), c.change);
    const TensorAudit audit = audited(tensor_of(DType::f32, values));
    EXPECT_EQ(audit.verdict, AuditVerdict::widened);
    EXPECT_EQ(audit.sub, std::string(c.name) + "-in-f32");
    expect_first_that_tell(said(audit, std::string("a value of ") + c.name), values);
  }
}

TEST(WidthWitnesses, OtherContainers) {
  const std::vector<float> wide = gaussian();
  const std::vector<double> doubles(wide.begin(), wide.end());
  const TensorAudit f64 = audited(tensor_of(DType::f64, doubles));
  EXPECT_EQ(f64.sub, "f32-in-f64");
  expect_first_that_tell(said(f64, "a value of f32"), doubles);
  const std::vector<float> fp8 = mapped(wide, [](float x) { return f8_e4m3_bits_to_f32(f32_to_f8_e4m3_bits(x * 3)); });
  const TensorAudit bf16 = audited(tensor_of(DType::bf16, to_bf16(fp8, Route::rne)));
  EXPECT_EQ(bf16.sub, "e4m3-in-bf16");
  expect_first_that_tell(said(bf16, "a value of e4m3"), fp8);
  const std::vector<float> narrow = widen(to_bf16(mapped(wide, [](float x) { return x * 15; }), Route::rne));
  const TensorAudit f16 = audited(tensor_of(DType::f16, to_f16(narrow)));
  EXPECT_EQ(f16.sub, "bf16-in-f16");
  expect_first_that_tell(said(f16, "a value of bf16"), narrow);
}

TEST(WidthWitnesses, ZerosBetweenDoNotMatter) {
  std::vector<float> values = widen(to_bf16(gaussian(), Route::rne));
  for (std::size_t i = 0; i < values.size(); i += 2) values[i] = 0;
  const TensorAudit audit = audited(tensor_of(DType::f32, values));
  EXPECT_EQ(audit.sub, "bf16-in-f32");
  expect_first_that_tell(said(audit, "a value of bf16"), values);
}

/// Normal values; those from `begin` to `end` are bf16.
std::vector<float> mixture(std::size_t count, std::ptrdiff_t begin, std::ptrdiff_t end) {
  std::vector<float> values = draw(Law::normal, 0.02, count, 4);
  const std::vector<float> narrow = widen(to_bf16(values, Route::rne));
  std::copy(narrow.begin() + begin, narrow.begin() + end, values.begin() + begin);
  return values;
}

void expect_mixture(const TensorAudit& audit, const std::vector<float>& values, std::size_t begin) {
  EXPECT_EQ(audit.verdict, AuditVerdict::mixed);
  EXPECT_EQ(audit.sub, "bf16-in-f32");
  expect_first(said(audit, "a significand of at most 8 bits"), values,
               [&](std::size_t i) { return i >= begin && tells(values[i]); });
  expect_first(said(audit, "a significand of more than 8 bits"), values,
               [&](std::size_t i) { return (f32_bits(values[i]) & 0xffff) != 0; });
}

// Before the part that is bf16 some fifty values have eleven bits by chance, and six are bf16.
TEST(WidthWitnesses, MixturesShowWhereAPartBegins) {
  const std::vector<float> values = mixture(1 << 19, 400011, 500000);
  expect_mixture(audited(tensor_of(DType::f32, values)), values, 400011);
}

// A span of the scan ends 300 values after the part begins; some 256 others are narrow in it by chance.
TEST(WidthWitnesses, APartMayBeginAtTheEndOfASpan) {
  constexpr std::size_t kSpan = kSpan32, kBegin = kSpan - 300;
  const std::vector<float> values = mixture(kSpan + 25600, kBegin, kSpan + 20000);
  expect_mixture(audited(tensor_of(DType::f32, values)), values, kBegin);
  const TemporaryFolder folder;
  const std::string shape = "(" + std::to_string(values.size() / 256) + ", 256)";
  const std::string array = npy_bytes(npy_dict("<f4", shape), bytes_of(values));
  const std::string path = folder.put("a.npz", ZipBytes({compressed("a.npy", array)}).bytes);
  expect_mixture(audit({path}).checkpoints.at(0).tensors.at(0), values, kBegin);
}

// Values of eleven bits that are smaller than f16's: the verdict counts bits, and so do the witnesses.
TEST(WidthWitnesses, AMixtureIsOneOfBits) {
  std::vector<float> values = draw(Law::normal, 5e-6, 1 << 18, 6);
  for (std::size_t i = 100000; i < 200000; ++i) values[i] = through_tf32(values[i]);
  const TensorAudit audit = audited(tensor_of(DType::f32, values));
  EXPECT_EQ(audit.sub, "f16-in-f32");
  expect_first(said(audit, "a significand of at most 11 bits"), values,
               [&](std::size_t i) { return i >= 100000 && tells(values[i]); });
}

// Of 2^21 full-length values chance makes 256 narrow: eight standard deviations and eight more are worth a look.
TEST(WidthWitnesses, NarrowValuesAreLookedForFarAboveChance) {
  const auto asked = [](DType dtype, int explicit_bits, int narrow_zeros, std::uint64_t narrow) {
    const SpanCounts counts{.codes = {},
                            .wide = narrow + (1 << 21),
                            .cells = {{significand_cell({-6, 0}), 1 << 21},
                                      {significand_cell({-6, narrow_zeros}), narrow},
                                      {significand_cell({-6, explicit_bits}), 1 << 21}},
                            .values = {},
                            .sum_squares = 0};
    return (span_widths(counts, dtype) & class_bit(ClassWitness::Kind::narrow)) != 0;
  };
  EXPECT_FALSE(asked(DType::f32, 23, 13, 256 + 8 * 16 + 7));
  EXPECT_TRUE(asked(DType::f32, 23, 13, 256 + 8 * 16 + 8));
  EXPECT_FALSE(asked(DType::f32, 23, 12, 1000)) << "twelve bits";
  EXPECT_FALSE(asked(DType::f64, 52, 29, 8));
  EXPECT_TRUE(asked(DType::f64, 52, 29, 9));
  EXPECT_FALSE(asked(DType::f64, 52, 28, 1000)) << "25 bits";
}

TEST(WidthWitnesses, GenuineTensorsHaveNone) {
  const std::vector<float> values = gaussian();
  for (const StoredTensor& tensor : {tensor_of(DType::f32, values), tensor_of(DType::bf16, to_bf16(values, Route::rne)),
                                     tensor_of(DType::f16, to_f16(values))}) {
    const TensorAudit audit = audited(tensor);
    EXPECT_NE(audit.verdict, AuditVerdict::widened) << audit.sentence;
    for (const AuditWitness& w : audit.witnesses) {
      EXPECT_EQ(w.what.find("value of"), std::string::npos) << w.what;
      EXPECT_EQ(w.what.find("significand"), std::string::npos) << w.what;
    }
  }
}

}  // namespace
}  // namespace candor::audit_internal
