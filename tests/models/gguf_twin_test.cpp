// The numbers of GGUF's own spellings: a file of the same weights must give the logits of the Hugging Face folder,
// which golden_test compares with transformers; or those of another file that says the same by other means.
#include "tests/models/gguf_twin.h"

namespace candor::test {
namespace {

std::vector<float> f32_logits(const std::string& path, const std::vector<TokenId>& tokens) {
  return all_logits(load(path, "f32"), tokens);
}

/// The folder's logits with the one activation that GGUF's llama has.
std::vector<float> folder_logits(const std::string& name, const std::vector<TokenId>& tokens) {
  const ModelCopy copy(name);
  copy.edit_config([](nlohmann::json& config) { config["hidden_act"] = "silu"; });
  return f32_logits(copy.path(), tokens);
}

// Permuted pairs change the order of a head's sum, so the tolerance of golden_test holds.
void expect_close(const std::vector<float>& actual, const std::vector<float>& expected) {
  EXPECT_LE(largest_difference(actual, expected), 1e-5 * largest_magnitude(expected));
}

TEST(GgufTwinTest, LinearScalingByRuleAndFactor) {
  const std::vector<TokenId> tokens = read_golden("linear_scaling").tokens;
  const std::vector<float> expected = folder_logits("linear_scaling", tokens);
  GgufTwin twin("linear_scaling");
  const std::vector<float> unscaled = f32_logits(twin.write(), tokens);
  EXPECT_GT(largest_difference(unscaled, expected), 1e-2 * largest_magnitude(expected))
      << "this test would show nothing";
  twin.set_string("llama.rope.scaling.type", "linear");
  twin.set_f32("llama.rope.scaling.factor", 4);
  expect_close(f32_logits(twin.write(), tokens), expected);
}

TEST(GgufTwinTest, LinearScalingByTheOlderKey) {
  const std::vector<TokenId> tokens = read_golden("linear_scaling").tokens;
  GgufTwin twin("linear_scaling");
  twin.set_f32("llama.rope.scale_linear", 4);
  expect_close(f32_logits(twin.write(), tokens), folder_logits("linear_scaling", tokens));
  twin.set_f32("llama.rope.scaling.factor", 4);
  expect_close(f32_logits(twin.write(), tokens), folder_logits("linear_scaling", tokens));
}

TEST(GgufTwinTest, RuleNoneSwitchesTheFactorOff) {
  const std::vector<TokenId> tokens = read_golden("linear_scaling").tokens;
  GgufTwin twin("linear_scaling");
  const std::vector<float> unscaled = f32_logits(twin.write(), tokens);
  twin.set_string("llama.rope.scaling.type", "none");
  twin.set_f32("llama.rope.scaling.factor", 4);
  EXPECT_TRUE(same_bits(f32_logits(twin.write(), tokens), unscaled));
}

TEST(GgufTwinTest, HeadsWiderThanTheirShareOfTheChannels) {
  const std::vector<TokenId> tokens = read_golden("wide_heads").tokens;
  expect_close(f32_logits(GgufTwin("wide_heads").write(), tokens), folder_logits("wide_heads", tokens));
}

// A scale of 0.5 where 0.25 is usual: the same bits as queries of twice the size.
TEST(GgufTwinTest, AttentionScale) {
  const std::vector<TokenId> tokens = read_golden("wide_heads").tokens;
  GgufTwin scaled("wide_heads"), doubled("wide_heads");
  scaled.set_f32("llama.attention.scale", 0.5f);
  for (const std::string layer : {"blk.0.", "blk.1."}) {
    std::string& weight = doubled.tensor(layer + "attn_q.weight").data;
    for (std::size_t i = 0; i < weight.size(); i += 2) {
      std::uint16_t bits;
      std::memcpy(&bits, &weight[i], 2);
      ASSERT_NE(bits & 0x7f80, 0);  // normal: one more in the exponent doubles it
      bits = static_cast<std::uint16_t>(bits + 0x80);
      std::memcpy(&weight[i], &bits, 2);
    }
    std::string& bias = doubled.tensor(layer + "attn_q.bias").data;
    for (std::size_t i = 0; i < bias.size(); i += 4) {
      float value;
      std::memcpy(&value, &bias[i], 4);
      value *= 2;
      std::memcpy(&bias[i], &value, 4);
    }
  }
  const std::vector<float> logits = f32_logits(scaled.write(), tokens);
  EXPECT_TRUE(same_bits(logits, f32_logits(doubled.write(), tokens)));
  EXPECT_FALSE(same_bits(logits, f32_logits(GgufTwin("wide_heads").write(), tokens)));
  scaled.set_f32("llama.attention.scale", 0.25f);  // written out
  EXPECT_TRUE(same_bits(f32_logits(scaled.write(), tokens), f32_logits(GgufTwin("wide_heads").write(), tokens)));
}

// Half of each head rotates, by base^(-2i/8). Divisors say the same of whole heads: those of the first four pairs turn
// base^(-2i/16) into that, and those of the others are so large that nothing turns.
TEST(GgufTwinTest, PartialRotary) {
  const std::vector<TokenId> tokens = {5, 6, 7, 8, 9, 20, 41, 7, 7, 3};
  GgufTwin partial("gqa_tied"), divided("gqa_tied");
  partial.set_u32("llama.rope.dimension_count", 8);
  std::vector<float> divisors;
  for (int pair = 0; pair < 8; ++pair)
    divisors.push_back(pair < 4 ? static_cast<float>(std::pow(10000.0, 2.0 * pair / 16)) : 1e30f);
  divided.add_vector("rope_freqs.weight", divisors);
  const std::vector<float> expected = f32_logits(divided.write(), tokens);
  expect_close(f32_logits(partial.write(), tokens), expected);
  const std::vector<float> whole = f32_logits(GgufTwin("gqa_tied").write(), tokens);
  EXPECT_GT(largest_difference(whole, expected), 1e-2 * largest_magnitude(expected));
}

TEST(GgufTwinTest, DivisorsAreNotCalledUnused) {
  GgufTwin twin("gqa_tied");
  twin.add_vector("rope_freqs.weight", std::vector<float>(8, 1));
  EXPECT_EQ(load(twin.write(), "bf16").info().notes, std::vector<std::string>{"narrowed 5 tensors f32 → bf16"});
}

}  // namespace
}  // namespace candor::test
