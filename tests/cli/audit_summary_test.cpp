// Numbers, counts and classes as `candor audit` says them; documents that are written in parts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "cli/audit_sample.h"
#include "cli/audit_summary.h"
#include "cli/json_text.h"
#include "cli/svg.h"

namespace candor::cli {
namespace {

using enum AuditVerdict;
using Json = nlohmann::ordered_json;

TEST(AuditSummary, NumbersForPeople) {
  EXPECT_EQ(share_percent(3, 3), "100 %");
  EXPECT_EQ(share_percent(99999, 100000), "> 99.9 %");
  EXPECT_EQ(share_percent(1, 100000), "< 0.1 %");
  EXPECT_EQ(share_percent(0, 100000), "0.0 %");
  EXPECT_EQ(share_percent(998, 1000), "99.8 %");
  EXPECT_EQ(bits_text(2955.2), "2,955");
  EXPECT_EQ(bits_text(-310.4), "-310");
  EXPECT_EQ(bits_text(6.25), "6.2");
  EXPECT_EQ(short_number(-std::numeric_limits<double>::quiet_NaN()), "nan");
  EXPECT_EQ(with_powers("0 below 2^-17, odds 10^12 to 1, z^2, 2^, ^3"), "0 below 2⁻¹⁷, odds 10¹² to 1, z^2, 2^, ^3");
}

/// "f4" is NumPy's, "float32" PyTorch's word for f32, and NumPy's "i8" has eight bytes: only the dtype itself says how
/// wide an element is.
TEST(AuditSummary, AnElementIsAsWideAsItsDtypeHoweverTheFileSpellsIt) {
  TensorAudit tensor;
  tensor.dtype = "f4";
  tensor.element = DType::f32;
  EXPECT_EQ(element_bytes(tensor), 4u);
  EXPECT_EQ(code_text(tensor, 0x3f), "0x0000003f");
  tensor.dtype = "V2";
  tensor.element = DType::bf16;
  EXPECT_EQ(element_bytes(tensor), 2u);
  EXPECT_EQ(code_text(tensor, 0x3f), "0x003f");
  tensor.element = DType::q4_0;  // a block has bytes, an element has none of its own
  EXPECT_EQ(element_bytes(tensor), 0u);
  tensor.element = DType::any;
  EXPECT_EQ(code_text(tensor, 0x3f), "0x3f");
}

TEST(AuditSummary, WhatIsPlainToSeeHasNoBits) {
  TensorAudit tensor;
  tensor.bits = 78643199;
  tensor.verdict = structured;
  EXPECT_EQ(bits_text(tensor), "");
  tensor.verdict = dequantised;
  EXPECT_EQ(bits_text(tensor), "78,643,199");
  tensor.bits = 0;
  EXPECT_EQ(bits_text(tensor), "");
}

TEST(AuditSummary, APathIsNamedOnce) {
  CheckpointAudit checkpoint = sample_refused_checkpoint();
  EXPECT_THAT(error_text(checkpoint), ::testing::StartsWith("safetensors: the header is "));
  checkpoint.path = "roken.safetensors";  // another file's name that ends so
  EXPECT_EQ(error_text(checkpoint), checkpoint.error);
  checkpoint.path = "";
  EXPECT_EQ(error_text(checkpoint), checkpoint.error);
}

TEST(AuditSummary, CountsOfTensorsAreWrittenOneWay) {
  CheckpointAudit checkpoint;
  checkpoint.verdict = f16_grid;
  checkpoint.tensors.resize(10000);
  for (TensorAudit& tensor : checkpoint.tensors) tensor.verdict = f16_grid;
  EXPECT_THAT(share_text(checkpoint), ::testing::StartsWith("10,000 of 10,000 tensors"));
}

TEST(AuditSummary, ClassesKeepTheOrderAndCountParameters) {
  const CheckpointAudit checkpoint = sample_f16_checkpoint();
  const auto classes = audit_classes(checkpoint);
  ASSERT_EQ(classes.size(), 4u);
  EXPECT_EQ(classes[0].tensors.size(), 3u);
  EXPECT_EQ(classes[0].elements, 3u * 256 * 512);
  EXPECT_EQ(&classes[0].first(), &checkpoint.tensors[0]);
  EXPECT_EQ(classes[1].needed(), 2500000u);
  EXPECT_EQ(share_text(checkpoint), "3 of 7 tensors, 73.8 % of parameters");
}

std::string in_parts(const Json& document, const std::string& member, const std::vector<Json>& items) {
  std::string text;
  write_json([&](std::string_view part) { text += part; }, document, member,
             [&](const auto& add) {
               for (const Json& item : items) add(item);
             });
  return text;
}

TEST(WriteJson, IsTheTextOfTheWholeDocument) {
  const Json document = {{"first", "\"items\": []\n"}, {"runs", Json::array({{{"items", Json::array()}, {"k", 1}}})}};
  const std::vector<std::vector<Json>> cases = {
      {}, {Json::object()}, {1, "a\nb", nullptr}, {{{"x", {1, 2}}}, Json::array()}, {"\xff\x01\"items\": []"}};
  for (const std::vector<Json>& items : cases) {
    Json whole = document;
    for (const Json& item : items) whole["runs"][0]["items"].push_back(item);
    EXPECT_EQ(in_parts(document, "items", items), json_text(whole));
  }
  EXPECT_THROW(in_parts(document, "none", {}), std::logic_error);
}

}  // namespace
}  // namespace candor::cli
