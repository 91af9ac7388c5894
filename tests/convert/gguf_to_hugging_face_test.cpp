// GGUF models become the Hugging Face folders that they were made from: tensors bit by bit, configuration, tokenizer.
#include <nlohmann/json.hpp>

#include "candor/convert.h"
#include "candor/error.h"
#include "candor/text.h"
#include "tests/convert/checkpoints.h"

namespace candor {
namespace {

using testing::bytes_of;
using testing::error_text;
using testing::golden;
using testing::read_bytes;
using testing::TemporaryFolder;
using testing::to;

class GgufModel : public ::testing::TestWithParam<const char*> {};

TEST_P(GgufModel, TensorsEqualTheOriginals) {
  const std::string name = GetParam();
  const TemporaryFolder folder;
  const ConvertReport report = convert(golden(name + ".gguf"), folder.path("out"), to(DType::bf16));
  const Checkpoint wanted = Checkpoint::open(golden(name + ".safetensors"));
  const Checkpoint found = Checkpoint::open(folder.path("out"));
  ASSERT_EQ(found.tensors().size(), wanted.tensors().size());
  for (const TensorEntry& entry : wanted.tensors()) {
    ASSERT_NE(found.find(entry.name), nullptr) << entry.name;
    EXPECT_EQ(found.find(entry.name)->dtype, DType::bf16);
    EXPECT_EQ(found.find(entry.name)->shape, entry.shape);
    EXPECT_TRUE(bytes_of(found, entry.name) == bytes_of(wanted, entry.name)) << entry.name;
  }
  EXPECT_EQ(found.safetensors_metadata().at("format"), "pt");
  EXPECT_EQ(report.files.size(), 5u);
}

// One file, the same tensors: order and names do not depend on the kind of output.
TEST_P(GgufModel, SingleFileHoldsTheSameTensors) {
  const std::string name = GetParam();
  const TemporaryFolder folder;
  convert(golden(name + ".gguf"), folder.path("folder"), to(DType::bf16));
  const ConvertReport report = convert(golden(name + ".gguf"), folder.path("one.safetensors"), to(DType::bf16));
  EXPECT_EQ(report.files, std::vector<std::string>{folder.path("one.safetensors")});
  EXPECT_EQ(read_bytes(folder.path("one.safetensors")), read_bytes(folder.path("folder/model.safetensors")));
}

TEST_P(GgufModel, TokenizerGivesHuggingFacesIds) {
  const std::string name = GetParam();
  const TemporaryFolder folder;
  convert(golden(name + ".gguf"), folder.path("out"), to(DType::bf16));
  const std::string path = folder.path("out/tokenizer.json");
  const Tokenizer tokenizer = Tokenizer::from_tokenizer_json(read_bytes(path), path);
  const auto expected = nlohmann::json::parse(read_bytes(golden("expectations.json")));
  const auto& ids = expected.at("pre").at(name).at("ids");
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const std::string text = expected.at("texts").at(i);
    EXPECT_EQ(tokenizer.encode(text, true, true), ids.at(i).get<std::vector<TokenId>>()) << text;
  }
}

INSTANTIATE_TEST_SUITE_P(Golden, GgufModel, ::testing::Values("smollm", "gpt2", "qwen2", "llama-bpe"),
                         [](const auto& info) {
                           return std::string(info.param) == "llama-bpe" ? "llama" : info.param;
                         });

nlohmann::json converted_json(const std::string& name, const std::string& file, DType dtype = DType::bf16) {
  const TemporaryFolder folder;
  convert(golden(name + ".gguf"), folder.path("out"), to(dtype));
  return nlohmann::json::parse(read_bytes(folder.path("out/" + file)));
}

TEST(GgufConfiguration, StatesTheModel) {
  const nlohmann::json llama = converted_json("llama-bpe", "config.json");
  EXPECT_EQ(llama.at("architectures"), nlohmann::json::array({"LlamaForCausalLM"}));
  EXPECT_EQ(llama.at("hidden_size"), 32);
  EXPECT_EQ(llama.at("num_hidden_layers"), 2);
  EXPECT_EQ(llama.at("num_attention_heads"), 4);
  EXPECT_EQ(llama.at("num_key_value_heads"), 2);
  EXPECT_EQ(llama.at("head_dim"), 8);
  EXPECT_EQ(llama.at("intermediate_size"), 64);
  EXPECT_EQ(llama.at("max_position_embeddings"), 256);
  EXPECT_EQ(llama.at("rms_norm_eps"), 1e-5);  // not the f32 nearest to it
  EXPECT_EQ(llama.at("rope_theta"), 500000.0);
  EXPECT_EQ(llama.at("tie_word_embeddings"), false);
  EXPECT_EQ(llama.at("torch_dtype"), "bfloat16");
  EXPECT_EQ(llama.at("attention_bias"), false);
  const nlohmann::json scaling = {{"rope_type", "llama3"},
                                  {"factor", 8.0},
                                  {"low_freq_factor", 1.0},
                                  {"high_freq_factor", 4.0},
                                  {"original_max_position_embeddings", 8192}};
  EXPECT_EQ(llama.at("rope_scaling"), scaling);
}

TEST(GgufConfiguration, BiasesTiesAndEndTokens) {
  EXPECT_EQ(converted_json("gpt2", "config.json").at("attention_bias"), true);
  EXPECT_EQ(converted_json("smollm", "config.json").at("tie_word_embeddings"), true);
  EXPECT_FALSE(converted_json("smollm", "config.json").contains("rope_scaling"));
  EXPECT_EQ(converted_json("qwen2", "config.json").at("model_type"), "qwen2");
  EXPECT_EQ(converted_json("smollm", "config.json", DType::f16).at("torch_dtype"), "float16");
  const nlohmann::json ends = converted_json("smollm", "generation_config.json").at("eos_token_id");
  EXPECT_EQ(ends.size(), 2u);  // <|im_end|>, which the file calls EOS, first; then <|endoftext|>
  EXPECT_GT(ends.at(0), ends.at(1));
  EXPECT_EQ(converted_json("smollm", "tokenizer_config.json").at("eos_token"), "<|im_end|>");
}

// --- files that are not such models --------------------------------------------------------------------------------

testing::GgufBytes one_tensor(const std::string& architecture, const std::string& tensor) {
  testing::GgufBytes bytes;
  bytes.pairs = {testing::gguf_pair("general.architecture", testing::kString, testing::gguf_string(architecture))};
  bytes.infos = {testing::gguf_info(tensor, {4}, 0, 0)};
  bytes.data = testing::raw<float>({1, 2, 3, 4});
  return bytes;
}

TEST(GgufOther, UnknownArchitecturesKeepTheirNames) {
  const TemporaryFolder folder;
  const std::string input = folder.put("x.gguf", one_tensor("clip", "v.blk.0.attn_q.weight").bytes());
  const ConvertReport report = convert(input, folder.path("out"), to(DType::bf16));
  EXPECT_EQ(report.tensors.at(0).name, "v.blk.0.attn_q.weight");
  ASSERT_EQ(report.notes.size(), 1u);
  EXPECT_NE(report.notes[0].find("'clip'"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder.path("out/config.json")));
}

TEST(GgufOther, TensorsWithoutAPlaceAreRefusedByName) {
  const TemporaryFolder folder;
  testing::GgufBytes bytes = one_tensor("llama", "blk.0.ffn_gate_exps.weight");
  bytes.pairs.push_back(
      testing::gguf_pair("llama.attention.head_count", testing::kU32, testing::little_endian<std::uint32_t>(2)));
  const std::string input = folder.put("x.gguf", bytes.bytes());
  const std::string text = error_text<FormatError>([&] { convert(input, folder.path("out"), to(DType::bf16)); });
  EXPECT_NE(text.find("'blk.0.ffn_gate_exps.weight' has no place"), std::string::npos) << text;
  EXPECT_NE(text.find("x.gguf"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder.path("out")));
}

TEST(GgufOther, UnreadableTypesAreRefusedByName) {
  const TemporaryFolder folder;
  for (const auto& [type, name] : {std::pair{16u, "iq2_xxs"}, std::pair{99u, "type 99"}, std::pair{39u, "mxfp4"}}) {
    testing::GgufBytes bytes;
    bytes.infos = {testing::gguf_info("w", {256}, type, 0)};
    bytes.data.assign(type == 39 ? 136 : 66, '\0');
    const std::string input = folder.put("x.gguf", bytes.bytes());
    const std::string text =
        error_text<FormatError>([&] { convert(input, folder.path("o.safetensors"), to(DType::bf16)); });
    EXPECT_NE(text.find(std::string("'w' is of type ") + name), std::string::npos) << text;
    EXPECT_EQ(folder.names().size(), 1u);
  }
}

// A key of a known architecture that config.json cannot state must not be dropped.
TEST(GgufOther, KeysThatConfigJsonCannotStateAreRefused) {
  const std::string whole = read_bytes(golden("smollm.gguf"));
  const TemporaryFolder folder;
  std::string changed = whole;
  const std::size_t key = changed.find("llama.vocab_size");
  ASSERT_NE(key, std::string::npos);
  changed.replace(key, 16, "llama.weird_size");
  const std::string input = folder.put("x.gguf", changed);
  const std::string text = error_text<FormatError>([&] { convert(input, folder.path("out"), to(DType::bf16)); });
  EXPECT_NE(text.find("'llama.weird_size'"), std::string::npos) << text;
}

}  // namespace
}  // namespace candor
