// A whole model proven, and wrong measurements of it named for what they are.
#include <gtest/gtest.h>

#include <algorithm>

#include "candor/error.h"
#include "candor/prove.h"
#include "prove/model/model_bits.h"
#include "prove/model/model_folder.h"
#include "prove/model/model_judge.h"
#include "prove/model/model_proof.h"
#include "prove/model/model_stations.h"
#include "tests/models/golden_model.h"

namespace candor::prove {
namespace {

using ::candor::test::golden_path;

LoadOptions in(const std::string& precision) {
  LoadOptions load;
  load.precision = ModelPrecision::parse(precision);
  return load;
}

std::string findings(const std::vector<ProofCheck>& checks) {
  std::string text;
  for (const ProofCheck& check : checks)
    if (check.verdict != ProofVerdict::proven) text += check.what + ": " + check.finding + "\n";
  return text;
}

class GoldenModels : public ::testing::TestWithParam<const char*> {};

TEST_P(GoldenModels, AreProvenInEveryPrecision) {
  for (const std::string name : {"gqa_tied", "wide_heads", "qwen2", "blocks.gguf", "llama3_scaling.gguf"})
    EXPECT_EQ(findings(check_model(golden_path(name), in(GetParam()), {})), "") << name;
}

INSTANTIATE_TEST_SUITE_P(Precisions, GoldenModels,
                         ::testing::Values("bf16", "f16", "f32", "weights=f32",
                                           "weights=bf16,activations=f32,kv=bf16"));

TEST(ProveModel, GivesTheRowsOfThePlanAndTheChecks) {
  const ProveReport report = prove_model(golden_path("gqa_tied"), in("bf16"), {.code = false});
  EXPECT_TRUE(report.all_proven());
  EXPECT_GT(report.checks.size(), 20u);
  const auto ran = [&](const std::string& op) {
    return std::any_of(report.rows.begin(), report.rows.end(), [&](const RowProof& row) { return row.op == op; });
  };
  EXPECT_TRUE(ran("matmul") && ran("attention") && ran("embedding"));
  EXPECT_FALSE(ran("layer_norm"));
}

TEST(ProveModel, StopsWhenAsked) {
  const std::atomic<bool> cancel = true;
  ProveOptions options;
  options.cancel = &cancel;
  EXPECT_THROW(prove_model(golden_path("gqa_tied"), {}, options), Cancelled);
}

TwinShape small_shape(DType dtype) { return {32, 2, 1, 16, 32, dtype, dtype, dtype, dtype}; }

/// What the twin answers if `change` is how it computes.
std::vector<double> readings_of(const Twin& twin, const Storage& storage) {
  std::vector<double> found;
  for (const TwinReading& reading : twin.readings)
    found.push_back(simulate(twin, storage, twin.sequences[reading.sequence])[static_cast<std::size_t>(reading.row)]);
  return found;
}

/// Every way to store something otherwise is seen, and its own text is among those that explain it.
class Liars : public ::testing::TestWithParam<std::pair<const char*, DType>> {};

TEST_P(Liars, AreCaughtAndNamed) {
  const Twin twin = make_twin(small_shape(GetParam().second));
  const Storage promised = promised_storage(ModelPrecision::parse(GetParam().first), twin.shape);
  EXPECT_EQ(findings(judge_stations(twin, promised, readings_of(twin, promised))), "");
  const std::vector<StorageHypothesis> all = storage_hypotheses(promised, twin.shape);
  ASSERT_GT(all.size(), 20U);
  for (std::size_t i = 1; i < all.size(); ++i) {
    const std::string text = findings(judge_stations(twin, promised, readings_of(twin, all[i].storage)));
    EXPECT_NE(text.find(all[i].text), std::string::npos) << all[i].text << "\n" << text;
  }
}

INSTANTIATE_TEST_SUITE_P(Precisions, Liars,
                         ::testing::Values(std::pair{"auto", DType::bf16}, std::pair{"f32", DType::f32},
                                           std::pair{"f16", DType::f16}, std::pair{"f16", DType::f32},
                                           std::pair{"bf16", DType::f32}, std::pair{"f32", DType::bf16},
                                           std::pair{"activations=f32,kv=bf16", DType::bf16}));

TEST(Stations, AnswersThatNothingExplainsSaySo) {
  const Twin twin = make_twin(small_shape(DType::bf16));
  const Storage promised = promised_storage(ModelPrecision::parse("bf16"), twin.shape);
  std::vector<double> found = readings_of(twin, promised);
  found[0] = 17;
  EXPECT_NE(findings(judge_stations(twin, promised, found)).find("no storage considered explains it"),
            std::string::npos);
}

/// What a real model answers that was loaded otherwise than it was asked for.
std::vector<double> answers(const Twin& twin, const std::string& precision) {
  const TemporaryFolder folder;
  write_twin(twin, folder.path());
  const LanguageModel model = LanguageModel::load(folder.path(), in(precision));
  std::vector<double> found;
  for (const TwinReading& reading : twin.readings)
    found.push_back(static_cast<double>(
        Session(model, 64).feed(twin.sequences[reading.sequence])[static_cast<std::size_t>(reading.row)]));
  return found;
}

TEST(Stations, AFlagThatDoesNothingIsNamed) {
  for (const DType file : {DType::bf16, DType::f32}) {
    const Twin twin = make_twin(small_shape(file));
    for (const std::string asked : {"bf16", "f16", "f32"}) {
      for (const std::string done : {"bf16", "f16", "f32"}) {
        const Storage promised = promised_storage(ModelPrecision::parse(asked), twin.shape);
        const std::string text = findings(judge_stations(twin, promised, answers(twin, done)));
        if (asked == done)
          EXPECT_EQ(text, "");
        else
          EXPECT_NE(text.find("everything: as with --precision " + done), std::string::npos) << asked << "\n" << text;
      }
    }
  }
}

TEST(TemporaryFolder, IsGoneAfterAnError) {
  std::string path;
  try {
    const TemporaryFolder folder;
    path = folder.path();
    write_twin(make_twin(small_shape(DType::bf16)), path);
    EXPECT_TRUE(std::filesystem::exists(path + "/model.safetensors"));
    throw Cancelled("here");
  } catch (const Cancelled&) {
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

ModelMeasurement measured() { return measure_model(golden_path("gqa_tied"), in("bf16")); }

KernelEntry& entry_of(ModelMeasurement& m, const std::string& op) {
  return *std::find_if(m.kernels.begin(), m.kernels.end(), [&](const KernelEntry& e) { return e.op == op; });
}

MemoryEntry& entry_of(std::vector<MemoryEntry>& ledger, DType dtype) {
  return *std::find_if(ledger.begin(), ledger.end(), [&](const MemoryEntry& e) { return e.dtype == dtype; });
}

void expect_finding(const std::vector<ProofCheck>& checks, const std::string& wanted) {
  EXPECT_NE(findings(checks).find(wanted), std::string::npos) << findings(checks);
}

TEST(JudgeBytes, AHiddenCopyAndAWiderDtypeAreNamed) {
  const ModelMeasurement honest = measured();
  EXPECT_EQ(findings(judge_bytes(honest)), "");
  ModelMeasurement m = honest;
  entry_of(m.loaded, DType::bf16).now += 2 * honest.info.parameters;
  expect_finding(judge_bytes(m), "weights in bf16 take 4.02 bytes an element, not 2.02");
  m = honest;
  m.info.weights = {{DType::f32, 1, honest.info.parameters, 4 * honest.info.parameters}};
  expect_finding(judge_bytes(m), "was asked for; weights are held in f32: 4.00 bytes an element");
  m = honest;
  m.kv_bytes *= 2;
  expect_finding(judge_bytes(m), "the KV cache takes 2.00 bytes an element and says");
  m = honest;
  m.peak = *m.peak + (std::uint64_t{1} << 30);
  expect_finding(judge_bytes(m), "something is held twice or wider");
}

TEST(JudgeKernels, OtherKernelsCallsAndBytesAreNamed) {
  const ModelMeasurement honest = measured();
  EXPECT_EQ(findings(judge_kernels(honest)), "");
  ModelMeasurement m = honest;
  entry_of(m, "rms_norm").precision.out = DType::f16;
  expect_finding(judge_kernels(m), "ran, and is not in the plan: rms_norm");
  m = honest;
  entry_of(m, "attention").calls += 1;
  expect_finding(judge_kernels(m), "attention ran 11 times, not 10");
  m = honest;
  entry_of(m, "qkv_projection").bytes_read[static_cast<int>(DType::bf16)] /= 2;
  expect_finding(judge_kernels(m), "the receipt under-counts bf16");
}

TEST(JudgeCasts, ACastThatNobodyAskedForIsNamed) {
  const ModelMeasurement honest = measured();
  EXPECT_EQ(findings(judge_casts(honest)), "");
  ModelMeasurement m = honest;
  m.run_casts.push_back({DType::bf16, DType::f32, "op: cast", 1, 64});
  expect_finding(judge_casts(m), "64 elements were cast from bf16 to f32, not 0");
  m = measure_model(golden_path("gqa_tied"), in("f32"));
  EXPECT_EQ(findings(judge_casts(m)), "");
  m.load_casts.clear();
  expect_finding(judge_casts(m), "0 elements were cast from bf16 to f32, not 80384");
}

TEST(JudgeReached, ARowThatTheTwinDidNotRunIsUnseen) {
  const ModelMeasurement m = measured();
  std::vector<KernelEntry> reached = m.kernels;
  EXPECT_EQ(judge_reached(m.plan, reached).verdict, ProofVerdict::proven);
  std::erase_if(reached, [](const KernelEntry& e) { return e.op == "rope"; });
  const ProofCheck check = judge_reached(m.plan, reached);
  EXPECT_EQ(check.verdict, ProofVerdict::unseen);
  EXPECT_NE(check.finding.find("not reached: rope"), std::string::npos);
}

TEST(SameBits, TheFirstDifferenceIsPlaced) {
  EXPECT_EQ(first_other_logit({1, 2, 3, 4}, {1, 2, 3, 4}, 2), "");
  EXPECT_EQ(first_other_logit({1, 2, 3, 4}, {1, 2, 3, 5}, 2), "token 1, logit 1: 4 and 5");
  EXPECT_EQ(first_other_logit({0.0f}, {-0.0f}, 1), "token 0, logit 0: 0 and -0");
}

}  // namespace
}  // namespace candor::prove
