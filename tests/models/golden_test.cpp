// Logits against transformers. Tolerances:
//   f32    1e-5 of the largest logit. Both sides sum at most 100 products per dot in f32 (u = 2^-24) through at most
//          3 layers; the reference differs from exact arithmetic by about as much as we do, some 1e-6.
//   bf16   our mean distance from the f32 logits is at most 1.5 times that of transformers in bf16, which rounds at the
//          same places and a few more.
#include "tests/models/golden_model.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "candor/receipt.h"

namespace candor::test {
namespace {

class GoldenTest : public ::testing::TestWithParam<const char*> {
 protected:
  const Golden golden = read_golden(GetParam());
  LanguageModel model(const char* precision) const { return load(golden_path(GetParam()), precision); }
};

TEST_P(GoldenTest, F32LogitsAgreeWithTransformers) {
  const std::vector<float> logits = tail(all_logits(model("f32"), golden.tokens), golden.logits_f32.size());
  EXPECT_LE(largest_difference(logits, golden.logits_f32), 1e-5 * largest_magnitude(golden.logits_f32));
}

TEST_P(GoldenTest, Bf16IsAsCloseToF32AsTransformersBf16) {
  const std::vector<float> logits = tail(all_logits(model("bf16"), golden.tokens), golden.logits_f32.size());
  const double ours = mean_difference(logits, golden.logits_f32);
  const double peer = mean_difference(golden.logits_bf16, golden.logits_f32);
  RecordProperty("mean_error_ratio", std::to_string(ours / peer));
  EXPECT_LE(ours, 1.5 * peer);
  EXPECT_GE(ours, 0.1 * peer) << "too good for bf16 activations: something was kept wider than it says";
}

TEST_P(GoldenTest, GreedyTokensAreTheSame) {
  Session session(model("f32"), std::ssize(golden.tokens) + std::ssize(golden.greedy));
  std::span<const float> logits = session.feed(golden.tokens);
  std::vector<TokenId> greedy;
  while (greedy.size() < golden.greedy.size()) {
    greedy.push_back(static_cast<TokenId>(std::max_element(logits.begin(), logits.end()) - logits.begin()));
    logits = session.feed(std::span<const TokenId>(&greedy.back(), 1));
  }
  EXPECT_EQ(greedy, golden.greedy);
}

TEST_P(GoldenTest, Bf16WeightsAreTwoBytesEach) {
  const ModelInfo info = model("bf16").info();
  ASSERT_EQ(info.weights.size(), 1u);
  EXPECT_EQ(info.weights[0].dtype, DType::bf16);
  EXPECT_EQ(info.parameters, info.weights[0].elements);
  // Packed matrices are padded to 16 rows; nothing else is.
  std::uint64_t padded = 0;
  bool whole_tiles = true;
  const Checkpoint file = Checkpoint::open(golden_path(GetParam()) + "/model.safetensors");
  for (const TensorEntry& entry : file.tensors()) {
    const std::int64_t rows = entry.shape[0], held = entry.shape.size() == 2 ? (rows + 15) / 16 * 16 : rows;
    padded += 2 * static_cast<std::uint64_t>(held * (entry.shape.size() == 2 ? entry.shape[1] : 1));
    whole_tiles &= held == rows;
  }
  EXPECT_EQ(info.weight_bytes, padded);
  const std::set<std::string> unpadded = {"linear_scaling", "llama3_parameters", "mistral"};
  ASSERT_EQ(whole_tiles, unpadded.contains(GetParam()));
  if (whole_tiles) {
    EXPECT_EQ(info.weight_bytes, 2 * info.parameters);  // 2.00 bytes per element
  }
}

INSTANTIATE_TEST_SUITE_P(Models, GoldenTest, ::testing::ValuesIn(kGoldenModels),
                         [](const auto& info) { return std::string(info.param); });

TEST(GoldenGgufTest, HalfSplitTwinGivesTheSameBits) {
  const Golden golden = read_golden("qwen2");
  for (const char* precision : {"f32", "bf16", "auto"}) {
    const LanguageModel twin = load(golden_path("qwen2.gguf"), precision);
    EXPECT_TRUE(
        same_bits(all_logits(load(golden_path("qwen2"), precision), golden.tokens), all_logits(twin, golden.tokens)))
        << precision;
  }
}

// Interleaved pairs permute the sum over a head's elements, so only the tolerance of the f32 test holds.
TEST(GoldenGgufTest, PermutedTwinWithFrequencyDivisorsAgrees) {
  const Golden golden = read_golden("llama3_scaling");
  const LanguageModel twin = load(golden_path("llama3_scaling.gguf"), "f32");
  const std::vector<float> logits = tail(all_logits(twin, golden.tokens), golden.logits_f32.size());
  EXPECT_LE(largest_difference(logits, golden.logits_f32), 1e-5 * largest_magnitude(golden.logits_f32));
}

TEST(GoldenGgufTest, BlocksInPlaceAgreeWithBlocksDequantisedAtLoad) {
  const Golden golden = read_golden("gqa_tied");
  const LanguageModel in_place = load(golden_path("blocks.gguf"), "weights=stored,activations=f32,kv=f32");
  const LanguageModel dense = load(golden_path("blocks.gguf"), "f32");
  const std::vector<float> expected = all_logits(dense, golden.tokens);
  EXPECT_LE(largest_difference(all_logits(in_place, golden.tokens), expected), 1e-5 * largest_magnitude(expected));
  EXPECT_EQ(in_place.info().notes, std::vector<std::string>{});
  EXPECT_EQ(dense.info().notes,
            (std::vector<std::string>{"dequantised 14 tensors q4_1 → f32", "dequantised 1 tensor q8_0 → f32"}));
  EXPECT_EQ(in_place.info().weights.size(), 3u);  // q8_0, f32, q4_1
}

using Casts = std::vector<std::tuple<DType, DType, std::string, std::uint64_t>>;

Casts casts_of(const std::string& model, const char* precision) {
  Recorder recorder;
  all_logits(load(golden_path(model), precision), std::vector<TokenId>{3, 4, 5});
  recorder.stop();
  Casts casts;
  for (const CastEntry& entry : recorder.casts()) casts.push_back({entry.from, entry.to, entry.reason, entry.elements});
  std::sort(casts.begin(), casts.end());
  return casts;
}

TEST(CastsTest, EveryCastIsInTheReceiptAndNoOtherHappens) {
  EXPECT_EQ(casts_of("gqa_tied", "bf16"), Casts{});
  EXPECT_EQ(casts_of("blocks.gguf", "auto"), Casts{});
  const std::uint64_t matrices = 2 * (2 * 64 * 64 + 2 * 32 * 64 + 3 * 64 * 96), kept = 2 * 2 * 3 * 32;
  EXPECT_EQ(casts_of("blocks.gguf", "bf16"), (Casts{{DType::f32, DType::bf16, "load: convert", 5 * 64},
                                                    {DType::q4_1, DType::bf16, "load: dequantise", matrices},
                                                    {DType::q8_0, DType::bf16, "load: dequantise", 291 * 64}}));
  EXPECT_EQ(casts_of("gqa_tied", "weights=bf16,activations=f32,kv=bf16"),
            (Casts{{DType::f32, DType::bf16, "forward: KV cache", kept}}));
}

}  // namespace
}  // namespace candor::test
