#include "convert/hugging_face_model.h"

#include <filesystem>
#include <unordered_set>

#include "candor/error.h"
#include "convert/gguf_model.h"
#include "io/model_files.h"
#include "io/refuse.h"
#include "io/strict_json.h"

namespace candor::convert_internal {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

struct Family {
  std::string_view model_type, architecture;
  bool interleaved_heads;    // GGUF's Llama pairs neighbouring rows of Q and K
  bool window_has_a_switch;  // sliding_window acts only when use_sliding_window is true
};
constexpr Family kFamilies[] = {
    {"llama", "llama", true, false}, {"mistral", "llama", true, false}, {"qwen2", "qwen2", false, true}};

constexpr const char* kEmbedding = "model.embed_tokens.weight";
constexpr const char* kHead = "lm_head.weight";

const Family* find_family(const ConfigFields& config) {
  const std::optional<std::string> type = config.text("model_type");
  for (const Family& family : kFamilies)
    if (type == family.model_type) return &family;
  return nullptr;
}

bool is_true(const ConfigFields& config, const char* field) {
  const Json* value = config.find(field);
  return value != nullptr && value->is_boolean() && value->get<bool>();
}

// Fields whose one supported value switches them off.
void refuse_other_maths(const ConfigFields& config, const Family& family) {
  if (config.text("hidden_act").value_or("silu") != "silu")
    config.refuse("hidden_act", "must be silu, which is what GGUF's " + std::string(family.architecture) + " computes");
  for (const char* field : {"use_sliding_window", "rope_interleaved", "use_mrope", "is_encoder_decoder"})
    if (is_true(config, field)) config.refuse(field, "has no place in GGUF's " + std::string(family.architecture));
  if (config.find("sliding_window") != nullptr && !family.window_has_a_switch)
    config.refuse("sliding_window", "must be null: attention over a window is not converted");
  if (family.model_type == "mistral" && !config.present("sliding_window"))
    config.refuse("sliding_window", "is missing, and the default is a window; write null if the model has none");
  if (config.number("partial_rotary_factor").value_or(1) != 1)
    config.refuse("partial_rotary_factor", "must be 1: the whole head is rotated");
  if (config.find("quantization_config") != nullptr)
    config.refuse("quantization_config",
                  "says that the tensors need more than a cast to be read; use the unquantised "
                  "model");
  if (const Json* types = config.find("layer_types"); types != nullptr)
    for (const Json& type : *types)
      if (type != "full_attention") config.refuse("layer_types", "must be full_attention everywhere");
}

/// The rows must be the heads that the configuration states: otherwise they would be paired in a wrong order.
void set_rows(const std::string& file, const Family& family, const ConfigHeads& heads, TensorPlan& tensor) {
  const std::string& name = tensor.name;
  const bool q = name.find(".attn_q.") != std::string::npos, k = name.find(".attn_k.") != std::string::npos;
  if (!q && !k) return;
  const std::uint64_t count = q ? heads.queries : heads.keys;
  const std::vector<std::int64_t>& shape = tensor.source.shape;
  const bool sound = !shape.empty() && shape.size() <= 2 && heads.size % 2 == 0 &&
                     static_cast<std::uint64_t>(shape.front()) == count * heads.size;
  if (!sound)
    throw FormatError("convert: " + file + ": tensor " + io::quote(tensor.source.name) + " of shape " +
                      io::shape_text(shape) + " does not hold the " + std::to_string(count) + " heads of " +
                      std::to_string(heads.size) +
                      " rows that config.json states (an even number each); get both files again");
  if (!family.interleaved_heads) return;
  tensor.heads = static_cast<std::int64_t>(count);
  tensor.rows = RowOrder::interleaved;
}

struct Part {
  std::string name;  // after "model.layers.N."
  std::vector<std::int64_t> shape;
};

std::vector<Part> layer_parts(const ConfigFields& config) {
  const ConfigHeads heads = config_heads(config);
  const auto channels = static_cast<std::int64_t>(config.extent("hidden_size"));
  const auto inner = static_cast<std::int64_t>(config.extent("intermediate_size"));
  const auto queries = static_cast<std::int64_t>(heads.queries * heads.size);
  const auto keys = static_cast<std::int64_t>(heads.keys * heads.size);
  return {{"input_layernorm.weight", {channels}},           {"self_attn.q_proj.weight", {queries, channels}},
          {"self_attn.k_proj.weight", {keys, channels}},    {"self_attn.v_proj.weight", {keys, channels}},
          {"self_attn.o_proj.weight", {channels, queries}}, {"post_attention_layernorm.weight", {channels}},
          {"mlp.gate_proj.weight", {inner, channels}},      {"mlp.up_proj.weight", {inner, channels}},
          {"mlp.down_proj.weight", {channels, inner}}};
}

void require_tensor(const Checkpoint& checkpoint, const ConfigFields& config, const std::string& name,
                    const std::vector<std::int64_t>& shape, const char* field) {
  const TensorEntry* entry = checkpoint.find(name);
  if (entry == nullptr)
    config.refuse(field, "asks for a tensor " + io::quote(name) + ", which is not there; get both files again");
  if (entry->shape != shape)
    throw FormatError("convert: " + checkpoint.files().at(entry->file) + ": tensor " + io::quote(name) +
                      " is of shape " + io::shape_text(entry->shape) + " where config.json states " +
                      io::shape_text(shape) + "; get both files again");
}

/// The layers that config.json states are there whole, and no others: llama.cpp loads nothing else.
void require_layers(const Checkpoint& checkpoint, const ConfigFields& config, const Plan& plan) {
  constexpr const char* kField = "num_hidden_layers";
  constexpr std::string_view kLayer = "blk.";
  const std::vector<Part> parts = layer_parts(config);
  require_tensor(checkpoint, config, "model.norm.weight", parts.front().shape, "hidden_size");
  std::unordered_set<std::string> known;
  for (std::uint64_t layer = 0; layer < config.extent(kField); ++layer) {
    const std::string number = std::to_string(layer);
    for (const Part& part : parts)
      require_tensor(checkpoint, config, "model.layers." + number + "." + part.name, part.shape, kField);
    known.insert(std::string(kLayer).append(number));
  }
  for (const TensorPlan& tensor : plan.tensors)
    if (tensor.name.starts_with(kLayer) && !known.contains(tensor.name.substr(0, tensor.name.find('.', kLayer.size()))))
      config.refuse(kField, "is " + std::to_string(config.extent(kField)) + ", but there is a tensor " +
                                io::quote(tensor.source.name) + "; get both files again");
}

void map_tensors(const Checkpoint& checkpoint, const ConfigFields& config, const Family& family, Plan& plan) {
  const ConfigHeads heads = config_heads(config);
  const bool tied = is_true(config, "tie_word_embeddings");
  for (const TensorEntry& entry : checkpoint.tensors()) {
    const std::string& file = checkpoint.files().at(entry.file);
    if (entry.name.ends_with(".rotary_emb.inv_freq") || (tied && entry.name == kHead)) {
      plan.notes.push_back("tensor " + io::quote(entry.name) + " is not written: " +
                           (entry.name == kHead ? "config.json ties it to the embeddings" : "rope_theta says it"));
      continue;
    }
    const std::optional<std::string> name = gguf_name(entry.name);
    if (!name)
      throw FormatError("convert: " + file + ": tensor " + io::quote(entry.name) + " has no place in GGUF's " +
                        std::string(family.architecture) + "; write a .safetensors file, which keeps any name");
    plan.tensors.push_back({entry, *name});
    set_rows(file, family, heads, plan.tensors.back());
  }
  const std::vector<std::int64_t>& embedding = checkpoint.find(kEmbedding)->shape;
  const std::uint64_t rows = static_cast<std::uint64_t>(embedding.front());
  if (static_cast<std::uint64_t>(embedding.back()) != config.extent("hidden_size"))
    config.refuse("hidden_size",
                  "is not the " + std::to_string(embedding.back()) + " columns of 'model.embed_tokens.weight'");
  if (rows != config.extent("vocab_size"))
    config.refuse("vocab_size", "is not the " + std::to_string(rows) + " rows of 'model.embed_tokens.weight'");
  if (!tied && checkpoint.find(kHead) == nullptr)
    config.refuse("tie_word_embeddings", "is not true, but there is no tensor 'lm_head.weight'; get the file again");
}

}  // namespace

const Json* ConfigFields::find(const char* field) const {
  const auto found = json_.find(field);
  return found == json_.end() || found->is_null() ? nullptr : &*found;
}

std::optional<double> ConfigFields::number(const char* field) const {
  const Json* value = find(field);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number()) refuse(field, "is not a number");
  return value->get<double>();
}

std::uint64_t ConfigFields::extent(const char* field) const {
  constexpr std::uint64_t kTooLarge = std::uint64_t{1} << 31;
  const Json* value = find(field);
  if (value == nullptr) refuse(field, "is missing; GGUF needs it");
  const bool sound = value->is_number_unsigned() && value->get<std::uint64_t>() > 0;
  if (!sound || value->get<std::uint64_t>() >= kTooLarge) refuse(field, "is " + value->dump() + ", which no model has");
  return value->get<std::uint64_t>();
}

std::optional<std::string> ConfigFields::text(const char* field) const {
  const Json* value = find(field);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) refuse(field, "is not a string");
  return value->get<std::string>();
}

void ConfigFields::refuse(const char* field, const std::string& what) const {
  throw FormatError("convert: " + file_ + ": field '" + field + "' " + what);
}

ConfigHeads config_heads(const ConfigFields& config) {
  const std::uint64_t channels = config.extent("hidden_size"), queries = config.extent("num_attention_heads");
  const bool shared = config.find("num_key_value_heads") != nullptr, stated = config.find("head_dim") != nullptr;
  const std::uint64_t keys = shared ? config.extent("num_key_value_heads") : queries;
  if (queries % keys != 0)
    config.refuse("num_key_value_heads",
                  "is " + std::to_string(keys) + ", which does not divide the " + std::to_string(queries) + " heads");
  if (!stated && channels % queries != 0)
    config.refuse("num_attention_heads", "is " + std::to_string(queries) + ", which does not divide the " +
                                             std::to_string(channels) + " channels");
  return {queries, keys, stated ? config.extent("head_dim") : channels / queries};
}

std::string known_model_types() {
  std::string text;
  for (const Family& family : kFamilies) text += (text.empty() ? "" : ", ") + std::string(family.model_type);
  return text;
}

std::optional<Plan> plan_hugging_face_model(const Checkpoint& checkpoint, const std::string& input) {
  const fs::path folder = io::model_folder(input), path = folder / io::kConfigFile;
  std::error_code error;
  const TensorEntry* embedding = checkpoint.find(kEmbedding);
  if (embedding == nullptr || embedding->shape.size() != 2 || !fs::is_regular_file(path, error)) return std::nullopt;
  const Json json = io::parse_strict_json(io::read_text_file(path.string()), path.string());
  if (!json.is_object()) return std::nullopt;
  const ConfigFields config(json, path.string());
  const Family* family = find_family(config);
  if (family == nullptr) return std::nullopt;
  refuse_other_maths(config, *family);
  Plan plan;
  plan.gguf.values["general.architecture"] = {std::string(family->architecture), GgufValueType::string};
  map_tensors(checkpoint, config, *family, plan);
  require_layers(checkpoint, config, plan);
  add_model_metadata(config, std::string(family->architecture), plan);
  add_tokenizer_metadata(config, folder.string(), plan);
  return plan;
}

}  // namespace candor::convert_internal
