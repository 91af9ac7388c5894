// Loading needs little beside the weights: peak resident memory stays within weights + KV cache + 64 MB.
#include "tests/models/golden_model.h"

#include <fstream>

namespace candor::test {
namespace {

constexpr std::uint64_t kAllowance = 64u << 20;

// "VmHWM:   12345 kB"
std::uint64_t status_bytes(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(key + ":")) return std::stoull(line.substr(key.size() + 1)) << 10;
  return 0;
}

// A model of about 200 MB: its largest tensors are far beyond the allowance together, and one alone is near it.
class LargeModel {
 public:
  LargeModel() : copy_("gqa_tied") {
    copy_.remove("tokenizer.json");
    copy_.edit_config([](nlohmann::json& config) {
      config["vocab_size"] = kVocabulary;
      config["hidden_size"] = kChannels;
      config["intermediate_size"] = kFeedForward;
      config["num_attention_heads"] = kChannels / 64;
      config["num_key_value_heads"] = kChannels / 128;
      config["head_dim"] = 64;
    });
    write_weights();
  }
  std::string path() const { return copy_.path(); }

 private:
  static constexpr std::int64_t kVocabulary = 60000, kChannels = 1024, kFeedForward = 8192;

  void write_weights() const {
    std::vector<SafetensorsWriter::Item> items = {{"model.embed_tokens.weight", DType::bf16, {kVocabulary, kChannels}},
                                                  {"model.norm.weight", DType::bf16, {kChannels}}};
    for (const std::string layer : {"model.layers.0.", "model.layers.1."}) {
      items.push_back({layer + "input_layernorm.weight", DType::bf16, {kChannels}});
      items.push_back({layer + "post_attention_layernorm.weight", DType::bf16, {kChannels}});
      items.push_back({layer + "self_attn.q_proj.weight", DType::bf16, {kChannels, kChannels}});
      items.push_back({layer + "self_attn.k_proj.weight", DType::bf16, {kChannels / 2, kChannels}});
      items.push_back({layer + "self_attn.v_proj.weight", DType::bf16, {kChannels / 2, kChannels}});
      items.push_back({layer + "self_attn.o_proj.weight", DType::bf16, {kChannels, kChannels}});
      items.push_back({layer + "mlp.gate_proj.weight", DType::bf16, {kFeedForward, kChannels}});
      items.push_back({layer + "mlp.up_proj.weight", DType::bf16, {kFeedForward, kChannels}});
      items.push_back({layer + "mlp.down_proj.weight", DType::bf16, {kChannels, kFeedForward}});
    }
    SafetensorsWriter writer(copy_.file("model.safetensors"), items, {}, true);
    const std::vector<std::uint16_t> row(static_cast<std::size_t>(kFeedForward), 0x3a00);  // 2^-11
    for (const SafetensorsWriter::Item& item : writer.order()) {
      const std::int64_t rows = item.shape.size() == 2 ? item.shape[0] : 1;
      for (std::int64_t i = 0; i < rows; ++i)
        writer.write(row.data(), static_cast<std::uint64_t>(item.shape.back()) * 2);
    }
    writer.finish();
  }

  ModelCopy copy_;
};

TEST(MemoryTest, PeakIsWeightsAndCacheAndLittleMore) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer's own memory would be counted";
  const LargeModel file;
  const std::uint64_t before = status_bytes("VmRSS");
  Session session(load(file.path(), "bf16"), 256);
  session.feed(std::vector<TokenId>(200, 5));
  session.feed(std::vector<TokenId>{6});
  const std::uint64_t weights = session.model().info().weight_bytes;
  ASSERT_GT(weights, 3 * kAllowance);
  EXPECT_LE(status_bytes("VmHWM"), before + weights + session.kv_bytes() + kAllowance);
}

}  // namespace
}  // namespace candor::test
