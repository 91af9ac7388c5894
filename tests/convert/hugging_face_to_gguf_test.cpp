// Hugging Face folders become GGUF models: the golden models go out to a folder and come back.
#include <cmath>
#include <nlohmann/json.hpp>

#include "candor/convert.h"
#include "candor/error.h"
#include "tests/convert/checkpoints.h"

namespace candor {
namespace {

using testing::bytes_of;
using testing::error_text;
using testing::golden;
using testing::NamedBytes;
using testing::read_bytes;
using testing::TemporaryFolder;
using testing::to;
using testing::write_safetensors;

/// GGUF to a folder to GGUF, in one dtype.
void there_and_back(const TemporaryFolder& folder, const std::string& name, DType dtype) {
  convert(golden(name + ".gguf"), folder.path("model"), to(dtype));
  convert(folder.path("model"), folder.path("back.gguf"), to(dtype));
}

class ThereAndBack : public ::testing::TestWithParam<const char*> {};

// f32 holds everything, so the tensors must be those of the source widened, rows in their places.
TEST_P(ThereAndBack, TensorsAreTheSame) {
  const TemporaryFolder folder;
  there_and_back(folder, GetParam(), DType::f32);
  convert(golden(std::string(GetParam()) + ".gguf"), folder.path("wide.gguf"), to(DType::f32));
  const Checkpoint wanted = Checkpoint::open(folder.path("wide.gguf"));
  const Checkpoint found = Checkpoint::open(folder.path("back.gguf"));
  ASSERT_EQ(found.tensors().size(), wanted.tensors().size());
  for (const TensorEntry& entry : wanted.tensors()) {
    ASSERT_NE(found.find(entry.name), nullptr) << entry.name;
    EXPECT_EQ(found.find(entry.name)->shape, entry.shape);
    if (entry.name != "rope_freqs.weight") {
      EXPECT_TRUE(bytes_of(found, entry.name) == bytes_of(wanted, entry.name)) << entry.name;
      continue;
    }
    const std::vector<float> a = found.tensor(entry.name).to_f32(), b = wanted.tensor(entry.name).to_f32();
    for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-6 * b[i]);  // NumPy's powers are f32
  }
}

/// The same type and value; arrays of arrays are in none of the golden files.
bool same(const GgufValue& a, const GgufValue& b) {
  return a.type == b.type && std::visit(
                                 [&](const auto& held) {
                                   using Held = std::decay_t<decltype(held)>;
                                   const Held* other = std::get_if<Held>(&b.value);
                                   if constexpr (std::is_same_v<Held, GgufValue::Array>) return other == nullptr;
                                   if constexpr (!std::is_same_v<Held, GgufValue::Array>)
                                     return other != nullptr && *other == held;
                                 },
                                 a.value);
}

TEST_P(ThereAndBack, MetadataAreTheSame) {
  const TemporaryFolder folder;
  there_and_back(folder, GetParam(), DType::bf16);
  const Checkpoint source = Checkpoint::open(golden(std::string(GetParam()) + ".gguf"));
  const Checkpoint back = Checkpoint::open(folder.path("back.gguf"));
  for (const auto& [key, value] : source.gguf().values) {
    if (key == "general.name" || key == "general.file_type" || key == "tokenizer.ggml.pre") continue;
    const GgufValue* found = back.gguf().find(key);
    ASSERT_NE(found, nullptr) << key;
    EXPECT_TRUE(same(*found, value)) << key;
  }
  EXPECT_EQ(back.gguf().unsigned_integer("general.file_type"), 32u);
  const std::string pre = *back.gguf().string("tokenizer.ggml.pre");
  EXPECT_EQ(pre, std::string(GetParam()) == "gpt2" ? "gpt-2" : GetParam());
}

INSTANTIATE_TEST_SUITE_P(Golden, ThereAndBack, ::testing::Values("smollm", "gpt2", "qwen2", "llama-bpe"),
                         [](const auto& info) {
                           return std::string(info.param) == "llama-bpe" ? "llama" : info.param;
                         });

TEST(HuggingFaceToGguf, SameInputSameBytes) {
  const TemporaryFolder folder;
  there_and_back(folder, "smollm", DType::bf16);
  convert(folder.path("model"), folder.path("again.gguf"), to(DType::bf16));
  EXPECT_EQ(read_bytes(folder.path("back.gguf")), read_bytes(folder.path("again.gguf")));
}

/// The folder of a golden model with one field of one of its files changed.
std::string changed_folder(const TemporaryFolder& folder, const std::string& file, const std::string& pointer,
                           const nlohmann::ordered_json& value) {
  ConvertOptions options = to(DType::bf16);
  options.overwrite = true;
  convert(golden("smollm.gguf"), folder.path("model"), options);
  auto json = nlohmann::ordered_json::parse(read_bytes(folder.path("model/" + file)));
  json[nlohmann::ordered_json::json_pointer(pointer)] = value;
  folder.put("model/" + file, json.dump());
  return folder.path("model");
}

TEST(HuggingFaceToGguf, WhatGgufCannotStateIsRefusedByItsField) {
  const std::pair<const char*, nlohmann::ordered_json> cases[] = {
      {"/hidden_act", "gelu"},
      {"/sliding_window", 4096},
      {"/partial_rotary_factor", 0.5},
      {"/quantization_config", {{"quant_method", "fp8"}}},
      {"/rope_scaling", {{"rope_type", "yarn"}, {"factor", 4.0}}},
      {"/num_attention_heads", 5},
      {"/num_key_value_heads", 3},
      {"/vocab_size", 7},
      {"/tie_word_embeddings", false},
      {"/rms_norm_eps", nullptr},
      {"/hidden_size", "32"},
      {"/hidden_size", 64},
      {"/num_hidden_layers", 1},
      {"/num_hidden_layers", 2147483647},
      {"/rms_norm_eps", -1e-5},
      {"/rms_norm_eps", 1e-60},  // 0 as f32
      {"/rms_norm_eps", 1e39},   // infinite as f32
      {"/rope_theta", 1e39},
  };
  for (const auto& [field, value] : cases) {
    const TemporaryFolder folder;
    const std::string input = changed_folder(folder, "config.json", field, value);
    const std::string text = error_text<FormatError>([&] { convert(input, folder.path("o.gguf"), to(DType::bf16)); });
    const std::string named = std::string(field) == "/num_attention_heads" ? "num_key_value_heads" : field + 1;
    EXPECT_NE(text.find("config.json: field '" + named), std::string::npos) << text;
    EXPECT_FALSE(std::filesystem::exists(folder.path("o.gguf")));
  }
}

TEST(HuggingFaceToGguf, TensorsHaveTheShapesThatTheConfigurationStates) {
  const TemporaryFolder folder;
  const std::string input = changed_folder(folder, "config.json", "/intermediate_size", 1);
  const std::string text = error_text<FormatError>([&] { convert(input, folder.path("o.gguf"), to(DType::bf16)); });
  EXPECT_NE(text.find("'model.layers.0.mlp.gate_proj.weight' is of shape ["), std::string::npos) << text;
  EXPECT_NE(text.find("where config.json states [1, "), std::string::npos) << text;
  // Without the norm of the output.
  const Checkpoint model = Checkpoint::open(folder.path("model"));
  std::vector<NamedBytes> tensors;
  for (const TensorEntry& entry : model.tensors())
    if (entry.name != "model.norm.weight")
      tensors.push_back({entry.name, entry.dtype, entry.shape, bytes_of(model, entry.name)});
  write_safetensors(folder.path("model/model.safetensors"), tensors);
  const std::string missing = error_text<FormatError>([&] { convert(input, folder.path("o.gguf"), to(DType::bf16)); });
  EXPECT_NE(missing.find("asks for a tensor 'model.norm.weight'"), std::string::npos) << missing;
}

// Mistral's default is a window of 4096: a file that says nothing is not the same as one that says null.
TEST(HuggingFaceToGguf, MistralMustSayThatItHasNoWindow) {
  const TemporaryFolder folder;
  const std::string input = changed_folder(folder, "config.json", "/model_type", "mistral");
  const std::string text = error_text<FormatError>([&] { convert(input, folder.path("o.gguf"), to(DType::bf16)); });
  EXPECT_NE(text.find("field 'sliding_window' is missing"), std::string::npos) << text;
  auto json = nlohmann::ordered_json::parse(read_bytes(folder.path("model/config.json")));
  json["sliding_window"] = nullptr;
  folder.put("model/config.json", json.dump());
  convert(input, folder.path("o.gguf"), to(DType::bf16));
  EXPECT_EQ(Checkpoint::open(folder.path("o.gguf")).gguf().string("general.architecture"), "llama");
}

// Linear scaling, and the newer spelling of the rotary fields.
TEST(HuggingFaceToGguf, RotaryFieldsOfBothSpellings) {
  for (const char* field : {"/rope_scaling", "/rope_parameters"}) {
    const TemporaryFolder folder;
    const std::string input = changed_folder(folder, "config.json", field,
                                             {{"rope_type", "linear"}, {"factor", 4.0}, {"rope_theta", 10000.0}});
    convert(input, folder.path("o.gguf"), to(DType::bf16));
    const Checkpoint found = Checkpoint::open(folder.path("o.gguf"));
    EXPECT_EQ(found.gguf().string("llama.rope.scaling.type"), "linear");
    EXPECT_EQ(found.gguf().number("llama.rope.scaling.factor"), 4.0);
    EXPECT_EQ(found.gguf().number("llama.rope.freq_base"), 10000.0);
  }
}

// 1e300 is infinite in the f32 that GGUF has there.
TEST(HuggingFaceToGguf, FactorsThatAreNoneAsF32AreRefused) {
  for (const double factor : {-3.0, 0.0, 1e-60, 1e300}) {
    for (const char* rule : {"linear", "llama3"}) {
      const TemporaryFolder folder;
      const std::string input = changed_folder(folder, "config.json", "/rope_scaling",
                                               {{"rope_type", rule},
                                                {"factor", factor},
                                                {"low_freq_factor", 1.0},
                                                {"high_freq_factor", 4.0},
                                                {"original_max_position_embeddings", 8192}});
      const std::string text = error_text<FormatError>([&] { convert(input, folder.path("o.gguf"), to(DType::bf16)); });
      EXPECT_NE(text.find("rope_scaling: field 'factor'"), std::string::npos) << rule << factor << text;
    }
  }
}

TEST(HuggingFaceToGguf, RowsMustBeTheHeads) {
  const TemporaryFolder folder;
  const std::string input = changed_folder(folder, "config.json", "/head_dim", 4);
  const std::string text = error_text<FormatError>([&] { convert(input, folder.path("o.gguf"), to(DType::bf16)); });
  EXPECT_NE(text.find("does not hold the 2 heads of 4 rows"), std::string::npos) << text;
}

TEST(HuggingFaceToGguf, DamagedTokenizersAreRefusedAndUnknownOnesAreNoted) {
  const std::pair<const char*, nlohmann::ordered_json> damaged[] = {
      {"/model/vocab/the", 100000},
      {"/model/vocab/the", -1},
      {"/model/vocab/new", 5},
      {"/added_tokens/0/id", "x"},
      {"/model/merges/0", {"a"}},
      {"/model/merges/0", {"a b", "c"}},
      {"/model/merges/0", "ab"},
      {"/model/vocab", 3},
      {"/model/merges", "a b"},
      {"/model/merges", nullptr},
      {"/added_tokens/0/content", std::string("a\0b", 3)}};
  for (const auto& [field, value] : damaged) {
    const TemporaryFolder folder;
    const std::string input = changed_folder(folder, "tokenizer.json", field, value);
    const std::string text = error_text<FormatError>([&] { convert(input, folder.path("o.gguf"), to(DType::bf16)); });
    EXPECT_NE(text.find("tokenizer.json"), std::string::npos) << text;
  }
  const TemporaryFolder folder;
  const std::string input = changed_folder(folder, "tokenizer.json", "/pre_tokenizer", {{"type", "Metaspace"}});
  const ConvertReport report = convert(input, folder.path("o.gguf"), to(DType::bf16));
  EXPECT_NE(report.notes.at(0).find("no tokenizer is written, and llama.cpp will not run the file"), std::string::npos);
}

TEST(HuggingFaceToGguf, OtherArchitecturesAreContainersAndTheKnownOnesAreNamed) {
  const TemporaryFolder folder;
  const std::string input = changed_folder(folder, "config.json", "/model_type", "gpt_neox");
  const ConvertReport report = convert(input, folder.path("o.gguf"), to(DType::bf16));
  EXPECT_NE(report.notes.at(0).find("one of llama, mistral, qwen2"), std::string::npos) << report.notes.at(0);
  EXPECT_NE(Checkpoint::open(folder.path("o.gguf")).find("model.embed_tokens.weight"), nullptr);
}

// Readers of GGUF would add a token of their own choice.
TEST(HuggingFaceToGguf, ATokenThatIsAddedMustBeNamed) {
  const TemporaryFolder folder;
  changed_folder(folder, "tokenizer_config.json", "/add_bos_token", true);
  auto settings = nlohmann::ordered_json::parse(read_bytes(folder.path("model/tokenizer_config.json")));
  auto config = nlohmann::ordered_json::parse(read_bytes(folder.path("model/config.json")));
  settings.erase("bos_token");
  config.erase("bos_token_id");
  folder.put("model/tokenizer_config.json", settings.dump());
  folder.put("model/config.json", config.dump());
  const std::string text =
      error_text<FormatError>([&] { convert(folder.path("model"), folder.path("o.gguf"), to(DType::bf16)); });
  EXPECT_NE(text.find("field 'add_bos_token' is true"), std::string::npos) << text;
}

// Ids without a token are filled up, as llama.cpp's converter does: the vocabulary is as long as the embeddings.
TEST(HuggingFaceToGguf, IdsWithoutATokenAreFilledUp) {
  const TemporaryFolder folder;
  ConvertOptions options = to(DType::bf16);
  convert(golden("smollm.gguf"), folder.path("model"), options);
  auto json = nlohmann::ordered_json::parse(read_bytes(folder.path("model/tokenizer.json")));
  const std::uint64_t id = json["model"]["vocab"]["the"], other = json["model"]["vocab"]["a"];
  json["model"]["vocab"].erase("the");
  const std::string filler = "[PAD" + std::to_string(id) + "]";
  json["model"]["vocab"].erase("a");
  json["model"]["vocab"][filler] = other;  // a token that is called like a filler
  folder.put("model/tokenizer.json", json.dump());
  convert(folder.path("model"), folder.path("o.gguf"), options);
  const Checkpoint found = Checkpoint::open(folder.path("o.gguf"));
  EXPECT_EQ(found.gguf().strings("tokenizer.ggml.tokens")->at(id), "[_PAD" + std::to_string(id) + "]");
  EXPECT_EQ(found.gguf().strings("tokenizer.ggml.tokens")->at(other), filler);
  EXPECT_EQ(found.gguf().numbers("tokenizer.ggml.token_type")->at(id), 5);
}

}  // namespace
}  // namespace candor
