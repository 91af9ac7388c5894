// Values stored wider than they are: which ones are shown, and where.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <functional>

#include "candor/audit.h"
#include "core/formats.h"
#include "tests/audit/scan_support.h"

namespace candor {
namespace {

using audit_internal::draw;
using audit_internal::Law;
using audit_internal::Route;
using audit_internal::to_bf16;
using audit_internal::widen;
using candor::testing::bytes_of;
using candor::testing::StoredTensor;
using candor::testing::TemporaryFolder;
using candor::testing::write_safetensors;

constexpr std::size_t kCount = 65536;

template <class T>
StoredTensor tensor_of(DType dtype, const std::vector<T>& values) {
  return {"weight", dtype, {static_cast<std::int64_t>(values.size() / 256), 256}, bytes_of(values)};
}

std::vector<float> gaussian(std::uint64_t seed = 3) { return draw(Law::normal, 0.02, kCount, seed); }

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

/// Where all values are narrow: those that tell, and that one follows that tells.
template <class T>
void expect_first_pairs(const std::vector<AuditWitness>& found, const std::vector<T>& values) {
  expect_first(found, values, [&](std::size_t i) {
    return i + 1 < values.size() && tells(static_cast<double>(values[i])) && tells(static_cast<double>(values[i + 1]));
  });
}

TEST(WidthWitnesses, WidenedTensorsShowTheirFirstValues) {
  const struct {
    const char* name;
    std::function<float(float)> change;
  } cases[] = {{"bf16", [](float x) { return bf16_bits_to_f32(f32_to_bf16_bits(x)); }},
               {"f16", [](float x) { return audit_internal::through_f16(x); }},
               {"tf32", [](float x) { return audit_internal::through_tf32(x * 0x1p-10f); }}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const std::vector<float> values = mapped(gaussian(), c.change);
    const TensorAudit audit = audited(tensor_of(DType::f32, values));
    EXPECT_EQ(audit.verdict, AuditVerdict::widened);
    EXPECT_EQ(audit.sub, std::string(c.name) + "-in-f32");
    expect_first_pairs(said(audit, std::string("a value of ") + c.name), values);
  }
}

TEST(WidthWitnesses, OtherContainers) {
  const std::vector<float> wide = gaussian();
  const std::vector<double> doubles(wide.begin(), wide.end());
  const TensorAudit f64 = audited(tensor_of(DType::f64, doubles));
  EXPECT_EQ(f64.sub, "f32-in-f64");
  expect_first_pairs(said(f64, "a value of f32"), doubles);
  const std::vector<float> fp8 = mapped(wide, [](float x) { return f8_e4m3_bits_to_f32(f32_to_f8_e4m3_bits(x * 3)); });
  const TensorAudit bf16 = audited(tensor_of(DType::bf16, to_bf16(fp8, Route::rne)));
  EXPECT_EQ(bf16.sub, "e4m3-in-bf16");
  expect_first_pairs(said(bf16, "a value of e4m3"), fp8);
}

// Before the part that is bf16 some fifty values have eleven bits by chance, and six are bf16.
TEST(WidthWitnesses, MixturesShowWhereAPartBegins) {
  constexpr std::ptrdiff_t kBegin = 400011, kEnd = 500000;
  std::vector<float> values = draw(Law::normal, 0.02, 1 << 19, 4);
  const std::vector<float> narrow = widen(to_bf16(values, Route::rne));
  std::copy(narrow.begin() + kBegin, narrow.begin() + kEnd, values.begin() + kBegin);
  const TensorAudit audit = audited(tensor_of(DType::f32, values));
  EXPECT_EQ(audit.verdict, AuditVerdict::mixed);
  EXPECT_EQ(audit.sub, "bf16-in-f32");
  expect_first(said(audit, "a value of bf16"), values,
               [&](std::size_t i) { return i >= std::size_t{kBegin} && tells(values[i]) && tells(values[i + 1]); });
  expect_first(said(audit, "no value of bf16"), values,
               [&](std::size_t i) { return (f32_bits(values[i]) & 0xffff) != 0; });
}

TEST(WidthWitnesses, GenuineTensorsHaveNone) {
  const std::vector<float> values = gaussian();
  for (const StoredTensor& tensor :
       {tensor_of(DType::f32, values), tensor_of(DType::bf16, to_bf16(values, Route::rne))}) {
    const TensorAudit audit = audited(tensor);
    EXPECT_EQ(audit.verdict, AuditVerdict::consistent) << audit.sentence;
    for (const AuditWitness& w : audit.witnesses) EXPECT_EQ(w.what.find("value of"), std::string::npos) << w.what;
  }
}

}  // namespace
}  // namespace candor
