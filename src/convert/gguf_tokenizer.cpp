// tokenizer.json and tokenizer_config.json from GGUF metadata, for byte-level BPE.
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "candor/error.h"
#include "convert/gguf_model.h"
#include "convert/tokenizer_pipelines.h"
#include "io/gguf_tokens.h"
#include "io/refuse.h"

namespace candor::convert_internal {
namespace {

using Json = nlohmann::ordered_json;

using Pipeline = TokenizerPipeline;

enum TokenType : std::int32_t { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4 };

struct Vocabulary {
  std::string file;
  std::vector<std::string> tokens, merges;
  std::vector<std::int32_t> types;
  std::optional<std::size_t> bos, eos, unk, pad;
  bool add_bos = false, add_eos = false;
};

[[noreturn]] void refuse_vocabulary(const Vocabulary& v, const std::string& key, const std::string& what) {
  throw FormatError("convert: " + v.file + ": metadata key 'tokenizer.ggml." + key + "' " + what +
                    "; the file is damaged");
}

std::optional<std::size_t> token_id(const GgufMetadata& metadata, const Vocabulary& v, const std::string& key) {
  const std::optional<std::uint64_t> id = metadata.unsigned_integer("tokenizer.ggml." + key);
  if (id && *id >= v.tokens.size())
    refuse_vocabulary(v, key,
                      "is " + std::to_string(*id) + ", outside the " + std::to_string(v.tokens.size()) + " tokens");
  return id;
}

Vocabulary read_vocabulary(const GgufMetadata& metadata, const std::string& file, const Pipeline& pipeline) {
  Vocabulary v;
  v.file = file;
  if (const auto* tokens = metadata.strings("tokenizer.ggml.tokens")) v.tokens = *tokens;
  if (const auto* merges = metadata.strings("tokenizer.ggml.merges")) v.merges = *merges;
  if (v.tokens.empty()) refuse_vocabulary(v, "tokens", "is missing or empty");
  v.types = io::gguf_token_types(metadata, file);
  if (!metadata.find("tokenizer.ggml.token_type")) v.types.assign(v.tokens.size(), kNormal);
  if (v.types.size() != v.tokens.size())
    refuse_vocabulary(
        v, "token_type",
        "has " + std::to_string(v.types.size()) + " entries for " + std::to_string(v.tokens.size()) + " tokens");
  std::unordered_set<std::string_view> seen;
  for (const std::string& token : v.tokens) {
    if (!seen.insert(token).second) refuse_vocabulary(v, "tokens", "holds " + io::quote(token) + " twice");
    if (!io::is_utf8(token)) refuse_vocabulary(v, "tokens", "holds " + io::quote(token) + ", which is not UTF-8");
  }
  v.bos = token_id(metadata, v, "bos_token_id");
  v.eos = token_id(metadata, v, "eos_token_id");
  v.unk = token_id(metadata, v, "unknown_token_id");
  v.pad = token_id(metadata, v, "padding_token_id");
  v.add_bos = metadata.boolean("tokenizer.ggml.add_bos_token").value_or(pipeline.adds_bos);
  v.add_eos = metadata.boolean("tokenizer.ggml.add_eos_token").value_or(false);
  if (v.add_bos && !v.bos) refuse_vocabulary(v, "bos_token_id", "is missing but the token is to be added");
  if (v.add_eos && !v.eos) refuse_vocabulary(v, "eos_token_id", "is missing but the token is to be added");
  return v;
}

/// Left and right of a merge: byte-level tokens hold no space, so the only one separates them.
void check_merges(const Vocabulary& v) {
  for (const std::string& merge : v.merges) {
    const std::size_t space = merge.find(' ');
    const bool sound = space != std::string::npos && space > 0 && space + 1 < merge.size() &&
                       merge.find(' ', space + 1) == std::string::npos && io::is_utf8(merge);
    if (!sound) refuse_vocabulary(v, "merges", "holds " + io::quote(merge) + ", which is not two tokens");
  }
}

bool is_added(std::int32_t type) { return type == kControl || type == kUserDefined || type == kUnknown; }

Json added_token(const Vocabulary& v, std::size_t id) {
  return {{"content", v.tokens[id]}, {"lstrip", false},      {"normalized", false},
          {"rstrip", false},         {"single_word", false}, {"special", v.types[id] != kUserDefined}};
}

Json added_tokens(const Vocabulary& v) {
  Json list = Json::array();
  for (std::size_t id = 0; id < v.tokens.size(); ++id) {
    if (!is_added(v.types[id])) continue;
    Json entry = {{"id", id}};
    entry.update(added_token(v, id));
    list.push_back(std::move(entry));
  }
  return list;
}

Json byte_level(bool trim_offsets, bool use_regex) {
  return {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", trim_offsets}, {"use_regex", use_regex}};
}

Json pre_tokenizer(const Pipeline& pipeline) {
  if (pipeline.pattern.empty() && !pipeline.digits_first) return byte_level(true, true);
  Json steps = Json::array();
  if (pipeline.digits_first) steps.push_back({{"type", "Digits"}, {"individual_digits", true}});
  if (!pipeline.pattern.empty()) {
    steps.push_back(
        {{"type", "Split"}, {"pattern", {{"Regex", pipeline.pattern}}}, {"behavior", "Isolated"}, {"invert", false}});
  }
  steps.push_back(byte_level(pipeline.pattern.empty(), pipeline.pattern.empty()));
  return {{"type", "Sequence"}, {"pretokenizers", std::move(steps)}};
}

/// BOS, text, EOS around one text and around two.
Json post_processor(const Vocabulary& v) {
  if (!v.add_bos && !v.add_eos) return byte_level(true, true);
  const auto special = [&](std::size_t id, int type) {
    return Json{{"SpecialToken", {{"id", v.tokens[id]}, {"type_id", type}}}};
  };
  const auto around = [&](const char* sequence, int type, Json& out) {
    if (v.add_bos) out.push_back(special(*v.bos, type));
    out.push_back({{"Sequence", {{"id", sequence}, {"type_id", type}}}});
    if (v.add_eos) out.push_back(special(*v.eos, type));
  };
  Json single = Json::array(), pair = Json::array(), tokens = Json::object();
  around("A", 0, single);
  around("A", 0, pair);
  around("B", 1, pair);
  const auto declare = [&](std::size_t id) {
    tokens[v.tokens[id]] = {{"id", v.tokens[id]}, {"ids", {id}}, {"tokens", {v.tokens[id]}}};
  };
  if (v.add_bos) declare(*v.bos);
  if (v.add_eos) declare(*v.eos);
  const Json processors = {byte_level(false, true),
                           {{"type", "TemplateProcessing"},
                            {"single", std::move(single)},
                            {"pair", std::move(pair)},
                            {"special_tokens", std::move(tokens)}}};
  return {{"type", "Sequence"}, {"processors", processors}};
}

std::string tokenizer_json(const Vocabulary& v, const Pipeline& pipeline) {
  Json vocabulary = Json::object();
  auto& members = vocabulary.get_ref<Json::object_t&>();  // appended: a search for each would be quadratic
  for (std::size_t id = 0; id < v.tokens.size(); ++id) members.push_back({v.tokens[id], Json(id)});
  Json json;
  json["version"] = "1.0";
  json["truncation"] = nullptr;
  json["padding"] = nullptr;
  json["added_tokens"] = added_tokens(v);
  json["normalizer"] = pipeline.nfc ? Json{{"type", "NFC"}} : Json(nullptr);
  json["pre_tokenizer"] = pre_tokenizer(pipeline);
  json["post_processor"] = post_processor(v);
  json["decoder"] = byte_level(true, true);
  json["model"] = {{"type", "BPE"},
                   {"dropout", nullptr},
                   {"unk_token", nullptr},
                   {"continuing_subword_prefix", nullptr},
                   {"end_of_word_suffix", nullptr},
                   {"fuse_unk", false},
                   {"byte_fallback", false},
                   {"ignore_merges", pipeline.ignore_merges}};
  json["model"]["vocab"] = std::move(vocabulary);
  json["model"]["merges"] = v.merges;
  return json.dump(1) + "\n";
}

std::optional<std::string> chat_template(const Vocabulary& v, const GgufMetadata& metadata) {
  std::optional<std::string> text = metadata.string("tokenizer.chat_template");
  if (text && !io::is_utf8(*text))
    throw FormatError("convert: " + v.file +
                      ": metadata key 'tokenizer.chat_template' is not UTF-8, which tokenizer_config.json must be; the "
                      "file is damaged: get it again, or name a .safetensors file as output");
  return text;
}

std::string tokenizer_config(const Vocabulary& v, const GgufMetadata& metadata) {
  Json json;
  Json decoder = Json::object();
  for (std::size_t id = 0; id < v.tokens.size(); ++id)
    if (is_added(v.types[id])) decoder[std::to_string(id)] = added_token(v, id);
  json["added_tokens_decoder"] = std::move(decoder);
  if (v.bos) json["bos_token"] = v.tokens[*v.bos];
  if (v.eos) json["eos_token"] = v.tokens[*v.eos];
  if (v.unk) json["unk_token"] = v.tokens[*v.unk];
  if (v.pad) json["pad_token"] = v.tokens[*v.pad];
  if (const auto chat = chat_template(v, metadata)) json["chat_template"] = *chat;
  json["clean_up_tokenization_spaces"] = false;
  const std::string architecture = metadata.string("general.architecture").value_or("");
  if (const auto context = metadata.unsigned_integer(architecture + ".context_length"))
    json["model_max_length"] = *context;
  json["tokenizer_class"] = "PreTrainedTokenizerFast";
  return json.dump(2) + "\n";
}

}  // namespace

std::vector<SideFile> tokenizer_files(const GgufMetadata& metadata, const std::string& file,
                                      std::vector<std::string>& notes) {
  const std::string model = metadata.string("tokenizer.ggml.model").value_or("");
  const std::string pre = metadata.string("tokenizer.ggml.pre").value_or("");
  const Pipeline* pipeline = nullptr;
  for (const Pipeline& known : kTokenizerPipelines)
    if (model == "gpt2" && pre == known.pre) pipeline = &known;
  if (pipeline == nullptr) {
    notes.push_back(model.empty()
                        ? "the file has no tokenizer: no tokenizer.json is written"
                        : "the tokenizer (model " + io::quote(model) + ", pre " + io::quote(pre) +
                              ") has no Hugging Face form here: no tokenizer.json is written, copy the original's");
    return {};
  }
  const Vocabulary v = read_vocabulary(metadata, file, *pipeline);
  check_merges(v);
  return {{"tokenizer.json", tokenizer_json(v, *pipeline)}, {"tokenizer_config.json", tokenizer_config(v, metadata)}};
}

}  // namespace candor::convert_internal
