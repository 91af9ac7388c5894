// The public entry: paths, patterns, files that are refused, order. What is found in values is tested elsewhere.
#include "candor/audit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "audit/checkpoint_audit.h"
#include "audit/checkpoint_paths.h"
#include "audit/selection.h"
#include "candor/error.h"
#include "candor/io.h"
#include "tests/audit/recipes.h"
#include "tests/audit/scan_support.h"

namespace candor {
namespace {

using audit_internal::draw;
using audit_internal::expand_path;
using audit_internal::Law;
using audit_internal::Route;
using audit_internal::to_bf16;
using candor::testing::bytes_of;
using candor::testing::error_text;
using candor::testing::StoredTensor;
using candor::testing::TemporaryFolder;
using candor::testing::write_safetensors;
using ::testing::HasSubstr;

StoredTensor genuine(const std::string& name, std::uint64_t seed) {
  return {name, DType::bf16, {512, 512}, bytes_of(to_bf16(draw(Law::normal, 0.02, 512 * 512, seed), Route::rne))};
}

TEST(Audit, JudgesEveryTensorOfEveryPath) {
  const TemporaryFolder first, second;
  const std::string a = write_safetensors(first, {genuine("one", 1), genuine("two", 2)});
  const std::string b = write_safetensors(second, {genuine("three", 3)});
  const AuditReport report = audit({a, b});
  ASSERT_EQ(report.checkpoints.size(), 2u);
  EXPECT_EQ(report.checkpoints[0].path, a);
  EXPECT_EQ(report.checkpoints[0].format, "safetensors");
  EXPECT_EQ(report.checkpoints[0].tensors.size(), 2u);
  EXPECT_EQ(report.checkpoints[0].elements, 2u * 512 * 512);
  EXPECT_EQ(report.checkpoints[0].bytes, 4u * 512 * 512);
  EXPECT_EQ(report.checkpoints[1].tensors[0].name, "three");
  EXPECT_EQ(report.threshold_bits, 40);
}

// The steps of training are larger than the rounding of bf16: the lattice is gone, and no other history is seen in it.
TEST(Audit, QuantisedAndThenTrainedOnIsConsistent) {
  constexpr std::size_t kCount = 512 * 512, kGroup = 32;
  std::vector<float> values = draw(Law::normal, 0.02, kCount, 21);
  const std::vector<float> steps = draw(Law::normal, 1e-4, kCount, 22);
  for (std::size_t first = 0; first < kCount; first += kGroup) {
    float largest = 0;
    for (std::size_t i = first; i < first + kGroup; ++i) largest = std::max(largest, std::fabs(values[i]));
    for (std::size_t i = first; i < first + kGroup; ++i)
      values[i] = std::round(values[i] / largest * 7) * largest / 7 + steps[i];
  }
  const TemporaryFolder folder;
  const StoredTensor tuned = {"tuned", DType::bf16, {512, 512}, bytes_of(to_bf16(values, Route::rne))};
  const AuditReport report = audit({write_safetensors(folder, {tuned})});
  EXPECT_EQ(report.verdict, AuditVerdict::consistent) << report.checkpoints[0].tensors[0].sentence;
}

// Fixture 26: three hundred tensors, of which one went through f16.
TEST(Audit, OneLaunderedTensorOfThreeHundredIsNamed) {
  constexpr std::size_t kRows = 256, kCount = kRows * kRows, kLaundered = 137;
  std::vector<StoredTensor> tensors;
  for (std::size_t i = 0; i < 300; ++i) {
    const Route route = i == kLaundered ? Route::via_f16 : Route::rne;
    tensors.push_back({"t" + std::to_string(i),
                       DType::bf16,
                       {kRows, kRows},
                       bytes_of(to_bf16(draw(Law::normal, 0.02, kCount, 1000 + i), route))});
  }
  const TemporaryFolder folder;
  const AuditReport report = audit({write_safetensors(folder, tensors)});
  EXPECT_EQ(report.verdict, AuditVerdict::mixed);
  for (const TensorAudit& tensor : report.checkpoints.at(0).tensors)
    EXPECT_EQ(tensor.verdict, tensor.name == "t137" ? AuditVerdict::f16_grid : AuditVerdict::consistent) << tensor.name;
  EXPECT_THAT(report.checkpoints[0].sentence, HasSubstr("(via-f16): 't137'; 299 ("));
}

TEST(Audit, ARefusedFileIsAVerdict) {
  const TemporaryFolder folder, other;
  const std::string good = write_safetensors(folder, {genuine("one", 1)});
  const std::string bad = other.put("bad.safetensors", "no safetensors");
  const AuditReport report = audit({good, bad});
  EXPECT_EQ(report.verdict, AuditVerdict::invalid);
  EXPECT_NE(report.checkpoints[0].verdict, AuditVerdict::invalid);
  EXPECT_EQ(report.checkpoints[1].verdict, AuditVerdict::invalid);
  EXPECT_THAT(report.checkpoints[1].error, HasSubstr("safetensors"));
}

TEST(Audit, AMissingFileIsAnError) {
  EXPECT_THROW(audit({"/nowhere/at/all.safetensors"}), IoError);
  EXPECT_THROW(audit({}), ValueError);
}

TEST(Audit, OnlyAndExclude) {
  const TemporaryFolder folder;
  const std::string path = write_safetensors(folder, {genuine("a.weight", 1), genuine("a.bias", 2), genuine("b", 3)});
  AuditOptions options;
  options.only = {"a.*"};
  options.exclude = {"*.bias"};
  const AuditReport report = audit({path}, options);
  ASSERT_EQ(report.checkpoints[0].tensors.size(), 1u);
  EXPECT_EQ(report.checkpoints[0].tensors[0].name, "a.weight");
  options.exclude = {"*.gain"};
  EXPECT_EQ(error_text<ValueError>([&] { audit({path}, options); }),
            "audit: the pattern exclude '*.gain' matches none of the 3 "
            "tensors; correct it or leave it out");
  options.exclude.clear();
  options.only = {"a.*", "c"};
  EXPECT_THAT(error_text<ValueError>([&] { audit({path}, options); }), HasSubstr("only 'c'"));
}

TEST(Audit, RefusesOptionsThatMeanNothing) {
  AuditOptions options;
  options.threshold_bits = 0;
  EXPECT_THAT(error_text<ValueError>([&] { audit({"x"}, options); }), HasSubstr("threshold of 0 bits"));
  options.threshold_bits = 40;
  options.threads = -1;
  EXPECT_THAT(error_text<ValueError>([&] { audit({"x"}, options); }), HasSubstr("-1 threads"));
}

TEST(Audit, AFolderIsAModelOrItsFiles) {
  const TemporaryFolder folder;
  EXPECT_EQ(expand_path(folder.path("")), std::vector<std::string>{folder.path("")})
      << "opening it says what is missing";
  folder.put("b.npy", "");
  folder.put("a.gguf", "");
  folder.put("c-00001-of-00002.gguf", "");
  folder.put("c-00002-of-00002.gguf", "");
  folder.put("readme.txt", "");
  const std::string at = folder.folder().string();
  EXPECT_EQ(expand_path(at), (std::vector<std::string>{folder.path("a.gguf"), folder.path("b.npy"),
                                                       folder.path("c-00001-of-00002.gguf")}));
  folder.put("model.safetensors", "");
  EXPECT_EQ(expand_path(at), std::vector<std::string>{at});
  for (const char* name : {"model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json"}) {
    const TemporaryFolder model;
    model.put(name, "");
    model.put("pytorch_model-00001-of-00002.bin", "");
    EXPECT_EQ(expand_path(model.folder().string()), std::vector<std::string>{model.folder().string()}) << name;
  }
  EXPECT_EQ(expand_path("/nowhere"), std::vector<std::string>{"/nowhere"});
}

TEST(Audit, AFolderOfPytorchIsComparedWithItsConfiguration) {
  const TemporaryFolder folder;
  const StoredTensor weights = genuine("one", 1);
  auto writer = create_checkpoint(folder.path("pytorch_model.bin"), {{"one", DType::bf16, {512, 512}}}, {}, false);
  writer->write(weights.bytes.data(), weights.bytes.size());
  writer->finish();
  folder.put("config.json", R"({"torch_dtype": "float16"})");
  const AuditReport report = audit({folder.folder().string()});
  EXPECT_EQ(report.verdict, AuditVerdict::mislabelled);
  EXPECT_EQ(report.checkpoints[0].sub, "label-vs-config");
}

/// What a class says of a value is of the value that the label means: only what is no number stays.
TEST(Audit, WitnessesOfSwappedBytesAreNoClasses) {
  const TemporaryFolder folder;
  StoredTensor swapped = genuine("one", 1);
  for (std::size_t i = 0; i < swapped.bytes.size(); i += 2) std::swap(swapped.bytes[i], swapped.bytes[i + 1]);
  const TensorAudit one = audit({write_safetensors(folder, {swapped})}).checkpoints.at(0).tensors.at(0);
  EXPECT_EQ(one.verdict, AuditVerdict::mislabelled);
  ASSERT_FALSE(one.witnesses.empty());
  for (const AuditWitness& witness : one.witnesses)
    EXPECT_TRUE(witness.what == "NaN" || witness.what == "infinity") << witness.what;
}

TEST(Audit, CancelEndsIt) {
  const TemporaryFolder folder;
  const std::string path = write_safetensors(folder, {genuine("one", 1)});
  const std::atomic<bool> cancel{true};
  AuditOptions options;
  options.cancel = &cancel;
  EXPECT_THROW(audit({path}, options), Cancelled);
}

TEST(Audit, CancelEndsItAfterTheLastTensorToo) {
  const TemporaryFolder folder;
  const std::string path = write_safetensors(folder, {genuine("one", 1)});
  std::atomic<bool> cancel{false};
  AuditOptions options;
  options.cancel = &cancel;
  options.progress = [&](const Progress& progress) { cancel = progress.done == progress.total; };
  EXPECT_THROW(audit({path}, options), Cancelled);
  EXPECT_TRUE(cancel) << "all was read";
}

TEST(Audit, PicturesAreKeptForFindingsAndTheFirstTensors) {
  TensorAudit tensor;
  tensor.evidence.binades.resize(3);
  tensor.verdict = AuditVerdict::consistent;
  audit_internal::keep_pictures(tensor, audit_internal::kPictures - 1);
  EXPECT_EQ(tensor.evidence.binades.size(), 3u);
  tensor.verdict = AuditVerdict::f16_grid;
  audit_internal::keep_pictures(tensor, audit_internal::kPictures);
  EXPECT_EQ(tensor.evidence.binades.size(), 3u);
  tensor.verdict = AuditVerdict::consistent;
  audit_internal::keep_pictures(tensor, audit_internal::kPictures);
  EXPECT_TRUE(tensor.evidence.binades.empty());
}

}  // namespace
}  // namespace candor
