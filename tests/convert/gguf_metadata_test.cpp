// GGUF models whose metadata lie about their tensors, cannot be told in Hugging Face's files, or are no text.
#include <limits>
#include <nlohmann/json.hpp>

#include "candor/convert.h"
#include "candor/error.h"
#include "tests/convert/checkpoints.h"

namespace candor {
namespace {

using testing::error_text;
using testing::gguf_array;
using testing::gguf_pair;
using testing::gguf_string;
using testing::little_endian;
using testing::TemporaryFolder;
using testing::to;

std::string u32(const std::string& key, std::uint32_t value) {
  return gguf_pair(key, testing::kU32, little_endian(value));
}

/// A Llama of 8 channels, 2 heads of 4 rows and 1 key head, with a vocabulary of 4 tokens.
class TinyLlama {
 public:
  std::uint32_t channels = 8, heads = 2, kv_heads = 1;
  std::vector<std::string> more;  // pairs
  std::vector<double> token_types = {1, 1, 1, 1};
  std::uint64_t q_rows = 8, k_rows = 4;
  bool divisors = false;

  std::string put(const TemporaryFolder& folder) const {
    testing::GgufBytes bytes;
    bytes.pairs = {gguf_pair("general.architecture", testing::kString, gguf_string("llama")),
                   u32("llama.embedding_length", channels),
                   u32("llama.attention.head_count", heads),
                   u32("llama.attention.head_count_kv", kv_heads),
                   u32("llama.feed_forward_length", 8),
                   u32("llama.block_count", 1),
                   u32("llama.context_length", 16),
                   gguf_pair("llama.attention.layer_norm_rms_epsilon", testing::kF32, little_endian(1e-5f)),
                   gguf_pair("tokenizer.ggml.model", testing::kString, gguf_string("gpt2")),
                   gguf_pair("tokenizer.ggml.pre", testing::kString, gguf_string("gpt2")),
                   gguf_pair("tokenizer.ggml.tokens", testing::kArray,
                             gguf_array(testing::kString, 4,
                                        gguf_string("a") + gguf_string("b") + gguf_string("c") + gguf_string("d"))),
                   gguf_pair("tokenizer.ggml.token_type", testing::kArray,
                             gguf_array(testing::kF64, token_types.size(), testing::raw(token_types)))};
    bytes.pairs.insert(bytes.pairs.end(), more.begin(), more.end());
    add(bytes, "token_embd.weight", {8, 4});
    add(bytes, "blk.0.attn_q.weight", {8, q_rows});
    add(bytes, "blk.0.attn_k.weight", {8, k_rows});
    if (divisors) add(bytes, "rope_freqs.weight", {2});
    return folder.put("tiny.gguf", bytes.bytes());
  }

 private:
  static void add(testing::GgufBytes& bytes, const std::string& name, const std::vector<std::uint64_t>& extents) {
    std::uint64_t elements = 1;
    for (const std::uint64_t extent : extents) elements *= extent;
    bytes.data.append((32 - bytes.data.size() % 32) % 32, '\0');
    bytes.infos.push_back(testing::gguf_info(name, extents, 0, bytes.data.size()));
    bytes.data += testing::raw(std::vector<float>(elements, 1.0f));
  }
};

/// Both outputs refuse the model, with `what` in the text, and leave nothing.
void expect_refused(const TinyLlama& model, const std::string& what, bool single_file_too = true) {
  const TemporaryFolder folder;
  const std::string input = model.put(folder);
  for (const std::string output : {"out", "out.safetensors"}) {
    if (output != "out" && !single_file_too) continue;
    const std::string text = error_text<FormatError>([&] { convert(input, folder.path(output), to(DType::bf16)); });
    EXPECT_NE(text.find(what), std::string::npos) << text;
    EXPECT_NE(text.find("tiny.gguf"), std::string::npos) << text;
    EXPECT_EQ(folder.names().size(), 1u);
  }
}

TEST(GgufMetadata, TheTinyLlamaItselfConverts) {
  const TemporaryFolder folder;
  const std::string input = TinyLlama().put(folder);
  EXPECT_TRUE(convert(input, folder.path("out"), to(DType::bf16)).notes.empty());
  EXPECT_TRUE(convert(input, folder.path("out.safetensors"), to(DType::bf16)).notes.empty());
}

// Rows that are put back by a head size of their own would come out in a wrong order.
TEST(GgufMetadata, RowsMustBeTheHeadsThatTheMetadataState) {
  TinyLlama model;
  model.q_rows = 12;  // two heads of 6 rows, the metadata say 4
  expect_refused(model, "'blk.0.attn_q.weight' of shape [12, 8] does not hold the 2 heads of 4 rows");
  model = TinyLlama();
  model.k_rows = 8;
  expect_refused(model, "'blk.0.attn_k.weight' of shape [8, 8] does not hold the 1 heads of 4 rows");
  model = TinyLlama();
  model.more = {u32("llama.attention.key_length", 6)};
  expect_refused(model, "'blk.0.attn_q.weight' of shape [8, 8] does not hold the 2 heads of 6 rows");
}

TEST(GgufMetadata, HeadsMustDivide) {
  TinyLlama model;
  model.heads = 3;
  expect_refused(model, "'llama.attention.head_count' is 3, which does not divide the 8 channels");
  model = TinyLlama();
  model.kv_heads = 0;
  expect_refused(model, "'llama.attention.head_count_kv' is 0, which does not divide the 2 heads");
}

TEST(GgufMetadata, KeysThatNoConfigurationCanStateAreRefusedForASingleFileToo) {
  TinyLlama model;
  model.more = {u32("llama.expert_count", 8)};
  expect_refused(model, "'llama.expert_count' is 8");
  model.more = {u32("llama.weird_size", 8)};
  expect_refused(model, "'llama.weird_size' is not known");
}

TEST(GgufMetadata, ATensorThatIsNotWrittenIsNamed) {
  TinyLlama model;
  model.divisors = true;
  const TemporaryFolder folder;
  const std::string input = model.put(folder);
  for (const std::string output : {"out", "out.safetensors"}) {
    const ConvertReport report = convert(input, folder.path(output), to(DType::bf16));
    ASSERT_EQ(report.notes.size(), 1u);
    EXPECT_NE(report.notes[0].find("'rope_freqs.weight' is not written"), std::string::npos) << report.notes[0];
    EXPECT_EQ(report.notes[0].find("a single file cannot hold") != std::string::npos, output != "out");
  }
}

TEST(GgufMetadata, TokenTypesAreSmallIntegers) {
  for (const double type : {1e30, 1.5, -1e300, std::numeric_limits<double>::quiet_NaN()}) {
    TinyLlama model;
    model.token_types[2] = type;
    expect_refused(model, "'tokenizer.ggml.token_type'", false);
  }
}

TEST(GgufMetadata, ATemplateThatIsNoTextIsRefusedByItsKey) {
  TinyLlama model;
  model.more = {gguf_pair("tokenizer.chat_template", testing::kString, gguf_string("{{ caf\xe9 }}"))};
  expect_refused(model, "metadata key 'tokenizer.chat_template' is not UTF-8", false);
  const TemporaryFolder folder;
  convert(model.put(folder), folder.path("out.safetensors"), to(DType::bf16));  // which holds no template
}

}  // namespace
}  // namespace candor
