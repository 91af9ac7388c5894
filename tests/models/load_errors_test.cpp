// What loading refuses, and in which words.
#include <gmock/gmock.h>

#include "candor/error.h"
#include "tests/models/golden_model.h"

namespace candor::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using Json = nlohmann::json;

template <class E>
std::string load_error(const std::string& path, const std::string& precision = "bf16") {
  return error_text<E>([&] { load(path, precision); });
}

struct BadField {
  const char* name;
  Json value;
  const char* said;
};

class BadConfigTest : public ::testing::TestWithParam<BadField> {};

TEST_P(BadConfigTest, IsRefusedByName) {
  const ModelCopy copy("gqa_tied");
  copy.edit_config([](Json& config) { config[GetParam().name] = GetParam().value; });
  EXPECT_THAT(load_error<FormatError>(copy.path()),
              AllOf(HasSubstr("config.json"), HasSubstr(GetParam().name), HasSubstr(GetParam().said)));
}

const BadField kBadFields[] = {
    {"architectures", Json::array({"GPTNeoXForCausalLM"}), "known are: LlamaForCausalLM, MistralForCausalLM"},
    {"architectures", "LlamaForCausalLM", "'architectures' is \"LlamaForCausalLM\"; a list of one name"},
    {"architectures", Json::array(), "'architectures' is []; a list of one name"},
    {"architectures", Json::array({7}), "'architectures' is [7]; a list of one name"},
    {"architectures", nullptr, "'architectures' is missing"},
    {"layer_types", "full_attention", "'layer_types' is \"full_attention\"; a list of strings is wanted"},
    {"layer_types", Json{{"0", "full_attention"}}, "'layer_types' is {\"0\":\"full_attention\"}; a list of strings"},
    {"layer_types", 7, "'layer_types' is 7; a list of strings is wanted"},
    {"layer_types", Json::array({"full_attention", 7}), "'layer_types' is [\"full_attention\",7]; a list of strings"},
    {"sliding_window", 4096, "only null"},
    {"use_sliding_window", true, "only false"},
    {"quantization_config", Json{{"bits", 4}}, "not supported"},
    {"hidden_act", "tanh", "supported are silu"},
    {"rope_interleaved", true, "only false"},
    {"partial_rotary_factor", 0.5, "only 1.0"},
    {"layer_types", Json::array({"sliding_attention", "full_attention"}), "full_attention"},
    {"hidden_size", "64", "an integer is wanted"},
    {"num_hidden_layers", nullptr, "missing"},
    {"num_key_value_heads", 3, "multiple"},
    {"num_attention_heads", 0, "positive"},
    {"head_dim", 15, "even"},
    {"embedding_multiplier", 12.0, "unknown field"},
    {"rope_scaling", Json{{"type", "linear"}, {"factor", 2.0}}, "keep one"},
    {"use_mrope", true, "multimodal"},
    {"num_hidden_layers", 100000, "4096"},
    {"is_encoder_decoder", true, "only decoders"},
    {"eos_token_id", "two", "token id"},
    {"rms_norm_eps", -1, "[0, 1)"},
    {"vocab_size", -5, "vocabulary"},
};
INSTANTIATE_TEST_SUITE_P(Fields, BadConfigTest, ::testing::ValuesIn(kBadFields), [](const auto& info) {
  return std::string(info.param.name) + "_" + std::to_string(info.index);
});

class BadRotaryTest : public ::testing::TestWithParam<const char*> {};

TEST_P(BadRotaryTest, UnknownRulesAreRefused) {
  const ModelCopy copy("gqa_tied");
  copy.edit_config([](Json& config) { config["rope_parameters"]["rope_type"] = GetParam(); });
  EXPECT_THAT(load_error<FormatError>(copy.path()),
              AllOf(HasSubstr("rope_type"), HasSubstr(GetParam()), HasSubstr("supported are default, linear, llama3")));
}
INSTANTIATE_TEST_SUITE_P(Rules, BadRotaryTest, ::testing::Values("dynamic", "yarn", "longrope", "su"));

// Each would make every logit NaN.
TEST(LoadErrorTest, RotaryNumbersOutOfRangeAreRefused) {
  const auto said = [](const char* field, double value) {
    const ModelCopy copy("gqa_tied");
    copy.edit_config([&](Json& config) {
      config["rope_parameters"] = {{"rope_theta", 10000.0},   {"rope_type", "llama3"},
                                   {"factor", 8.0},           {"low_freq_factor", 1.0},
                                   {"high_freq_factor", 4.0}, {"original_max_position_embeddings", 64}};
      config["rope_parameters"][field] = value;
    });
    return load_error<FormatError>(copy.path());
  };
  EXPECT_THAT(said("rope_theta", 1e308), HasSubstr("the rotary base is 1e+308; it must lie in [1, 1e+30]"));
  EXPECT_THAT(said("rope_theta", 1e-308), HasSubstr("the rotary base is 1e-308"));
  EXPECT_THAT(said("factor", 1e-45), HasSubstr("scaling is 1e-45; it must lie in [1e-06, 1e+06]"));
  EXPECT_THAT(said("low_freq_factor", 1e-300), HasSubstr("low_freq_factor is 1e-300"));
  EXPECT_THAT(said("high_freq_factor", 1e308), HasSubstr("high_freq_factor is 1e+308"));
  EXPECT_THAT(said("original_max_position_embeddings", 1e308), HasSubstr("original context is 1e+308"));
}

TEST(LoadErrorTest, UnknownRotaryFieldIsRefused) {
  const ModelCopy copy("gqa_tied");
  copy.edit_config([](Json& config) { config["rope_parameters"]["beta_fast"] = 32; });
  EXPECT_THAT(load_error<FormatError>(copy.path()), AllOf(HasSubstr("rope_parameters"), HasSubstr("'beta_fast'")));
}

TEST(LoadErrorTest, DisagreeingRotaryBasesAreRefused) {
  const ModelCopy copy("gqa_tied");
  copy.edit_config([](Json& config) { config["rope_theta"] = 5.0; });
  EXPECT_THAT(load_error<FormatError>(copy.path()), HasSubstr("must agree"));
}

TEST(LoadErrorTest, MistralWithoutItsWindowFieldIsRefused) {
  const ModelCopy copy("mistral");
  copy.edit_config([](Json& config) { config.erase("sliding_window"); });
  EXPECT_THAT(load_error<FormatError>(copy.path()), HasSubstr("'sliding_window' is missing"));
}

TEST(LoadErrorTest, WrongShapeNamesFileTensorAndBothShapes) {
  const ModelCopy copy("gqa_tied");
  copy.edit_config([](Json& config) { config["intermediate_size"] = 112; });
  EXPECT_THAT(load_error<FormatError>(copy.path()),
              AllOf(HasSubstr("model.safetensors"), HasSubstr("mlp.gate_proj.weight"), HasSubstr("[96, 64]"),
                    HasSubstr("[112, 64]")));
}

TEST(LoadErrorTest, MissingTensorIsNamed) {
  const ModelCopy copy("gqa_tied");
  copy.edit_config([](Json& config) { config["num_hidden_layers"] = 3; });
  EXPECT_THAT(load_error<FormatError>(copy.path()),
              AllOf(HasSubstr("model.safetensors"), HasSubstr("'model.layers.2.input_layernorm.weight' is missing")));
}

TEST(LoadErrorTest, MissingOutputHintsAtTying) {
  const ModelCopy copy("gqa_tied");
  copy.edit_config([](Json& config) { config["tie_word_embeddings"] = false; });
  EXPECT_THAT(load_error<FormatError>(copy.path()),
              AllOf(HasSubstr("lm_head.weight"), HasSubstr("tie_word_embeddings")));
}

TEST(LoadErrorTest, UnusedTensorsAreNamed) {
  const ModelCopy copy("gqa_tied");
  copy.edit_config([](Json& config) { config["num_hidden_layers"] = 1; });
  EXPECT_THAT(load_error<FormatError>(copy.path()), AllOf(HasSubstr("9 tensor(s)"), HasSubstr("model.layers.1.")));
}

TEST(LoadErrorTest, UnusedBiasesAreNamed) {
  const ModelCopy copy("wide_heads");
  copy.edit_config([](Json& config) { config["attention_bias"] = false; });
  EXPECT_THAT(load_error<FormatError>(copy.path()), HasSubstr("self_attn.k_proj.bias"));
}

TEST(LoadErrorTest, TiedOutputInTheFileIsNoted) {
  const ModelCopy copy("linear_scaling");  // has lm_head.weight
  copy.edit_config([](Json& config) { config["tie_word_embeddings"] = true; });
  const LanguageModel model = load(copy.path(), "bf16");
  ASSERT_EQ(model.info().notes.size(), 1u);
  EXPECT_THAT(model.info().notes[0], AllOf(HasSubstr("'lm_head.weight'"), HasSubstr("ties")));
}

TEST(LoadErrorTest, NonFiniteWeightsAreRefusedByName) {
  for (const std::uint16_t bits : {0x7fc0, 0x7f80, 0xff80, 0xffff}) {  // NaN, both infinities, NaN
    const ModelCopy copy("gqa_tied");
    copy.poke("model.layers.1.mlp.down_proj.weight", 64 * 96 - 1, bits);
    EXPECT_THAT(load_error<ValueError>(copy.path()),
                AllOf(HasSubstr("model.safetensors"), HasSubstr("'model.layers.1.mlp.down_proj.weight'"),
                      HasSubstr("NaN or infinite")));
  }
}

TEST(LoadErrorTest, NonFiniteNormIsRefused) {
  const ModelCopy copy("gqa_tied");
  copy.poke("model.norm.weight", 0, 0x7f80);
  EXPECT_THAT(load_error<ValueError>(copy.path()), HasSubstr("'model.norm.weight'"));
}

TEST(LoadErrorTest, NonFiniteWeightsLoadWhenTheCheckIsOff) {
  const ModelCopy copy("gqa_tied");
  copy.poke("model.layers.1.mlp.down_proj.weight", 0, 0x7fc0);
  LoadOptions options;
  options.check_finite = false;
  EXPECT_NO_THROW(LanguageModel::load(copy.path(), options));
}

TEST(LoadErrorTest, WeightBeyondF16IsRefused) {
  const ModelCopy copy("gqa_tied");
  copy.poke("model.layers.0.self_attn.q_proj.weight", 7, 0x4800);  // 2^17: finite in bf16
  EXPECT_THAT(load_error<ValueError>(copy.path(), "f16"),
              AllOf(HasSubstr("self_attn.q_proj.weight"), HasSubstr("beyond the range of f16")));
  EXPECT_NO_THROW(load(copy.path(), "bf16"));
}

TEST(LoadErrorTest, MissingConfigAndBadJson) {
  const ModelCopy copy("gqa_tied");
  copy.write("config.json", "{\"architectures\": [");
  EXPECT_THAT(load_error<FormatError>(copy.path()),
              AllOf(HasSubstr("config.json: byte 19"), HasSubstr("not valid JSON")));
  copy.remove("config.json");
  EXPECT_THAT(load_error<IoError>(copy.path()), HasSubstr("no config.json"));
}

TEST(LoadErrorTest, QuantisingAtLoadIsRefused) {
  EXPECT_THAT(load_error<UnsupportedPrecision>(golden_path("gqa_tied"), "weights=q8_0"),
              AllOf(HasSubstr("model.embed_tokens.weight"), HasSubstr("weights=q8_0"), HasSubstr("stored")));
}

TEST(LoadErrorTest, AllMissingRowsAreListedAtOnce) {
  const std::string text = load_error<UnsupportedPrecision>(golden_path("gqa_tied"), "compute=bf16,accumulate=bf16");
  EXPECT_THAT(text, AllOf(HasSubstr("qkv_projection"), HasSubstr("attention"), HasSubstr("gated_linear"),
                          HasSubstr("matmul"), HasSubstr("layers 0 … 1: attention output"), HasSubstr("closest")));
}

TEST(LoadErrorTest, CancelStopsLoading) {
  const std::atomic<bool> cancel = true;
  LoadOptions options;
  options.cancel = &cancel;
  EXPECT_THROW(LanguageModel::load(golden_path("gqa_tied"), options), Cancelled);
}

TEST(LoadTest, ProgressReachesTheEnd) {
  std::uint64_t done = 0, total = 0;
  LoadOptions options;
  options.progress = [&](const Progress& progress) {
    EXPECT_GE(progress.done, done);
    done = progress.done;
    total = progress.total;
  };
  LanguageModel::load(golden_path("gqa_tied"), options);
  EXPECT_GT(total, 0u);
  EXPECT_EQ(done, total);
}

}  // namespace
}  // namespace candor::test
