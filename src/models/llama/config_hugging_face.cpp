// config.json of LlamaForCausalLM and of architectures with the same maths. Every field acts, is in the list of those
// that cannot change an inference result, or is refused by name.
#include <algorithm>
#include <array>
#include <string>

#include "candor/error.h"
#include "io/model_files.h"
#include "io/refuse.h"
#include "models/llama/config.h"
#include "models/llama/config_fields.h"

namespace candor::models {
namespace {

struct Architecture {
  std::string_view name;
  bool qkv_bias;           // q, k and v have biases whatever the fields say
  bool reads_bias_fields;  // attention_bias and mlp_bias act
  bool stated_extents;  // its defaults for key/value heads and context differ from Llama's: they must be written down
  bool window_has_switch;  // sliding_window acts only when use_sliding_window is true
};

constexpr std::array kArchitectures = {
    Architecture{"LlamaForCausalLM", false, true, false, false},
    Architecture{"MistralForCausalLM", false, false, true, false},
    Architecture{"Qwen2ForCausalLM", true, false, true, true},
};

struct HarmlessField {
  std::string_view name, reason;
};

constexpr std::array kHarmless = {
    HarmlessField{"model_type", "repeats the architecture"},
    HarmlessField{"is_llama_config", "repeats the architecture"},
    HarmlessField{"torch_dtype", "each tensor says its own dtype"},
    HarmlessField{"dtype", "each tensor says its own dtype"},
    HarmlessField{"transformers_version", "who wrote the file"},
    HarmlessField{"transformers.js_config", "settings of another program"},
    HarmlessField{"initializer_range", "training only"},
    HarmlessField{"attention_dropout", "training only"},
    HarmlessField{"hidden_dropout", "training only"},
    HarmlessField{"use_cache", "a cache never changes the result"},
    HarmlessField{"pretraining_tp", "splits sums of training; the maths is the same"},
    HarmlessField{"bos_token_id", "the tokenizer adds it"},
    HarmlessField{"pad_token_id", "no padding here"},
    HarmlessField{"sep_token_id", "not used by decoders"},
    HarmlessField{"max_window_layers", "acts only with use_sliding_window, which is refused when true"},
    HarmlessField{"auto_map", "names of Python classes"},
    HarmlessField{"output_attentions", "what transformers returns"},
    HarmlessField{"output_hidden_states", "what transformers returns"},
    HarmlessField{"return_dict", "what transformers returns"},
    HarmlessField{"chunk_size_feed_forward", "splits work; the maths is the same"},
    HarmlessField{"problem_type", "classification only"},
    HarmlessField{"id2label", "classification only"},
    HarmlessField{"label2id", "classification only"},
    HarmlessField{"is_decoder", "Llama-like models always are"},
    HarmlessField{"finetuning_task", "who made the file"},
    HarmlessField{"unsloth_version", "who made the file"},
    HarmlessField{"unsloth_fixed", "who made the file"},
    HarmlessField{"tokenizer_class", "tokenizer.json says what the tokenizer is"},
    HarmlessField{"unk_token_id", "the tokenizer's own matter"},
    HarmlessField{"attn_implementation", "which kernel transformers would use"},
    HarmlessField{"gradient_checkpointing", "training only"},
    HarmlessField{"embd_pdrop", "training only"},
    HarmlessField{"resid_pdrop", "training only"},
    HarmlessField{"max_sequence_length", "repeats max_position_embeddings"},
    HarmlessField{"max_length", "a default of generation"},
    HarmlessField{"min_length", "a default of generation"},
    HarmlessField{"do_sample", "a default of generation"},
    HarmlessField{"temperature", "a default of generation"},
    HarmlessField{"top_k", "a default of generation"},
    HarmlessField{"top_p", "a default of generation"},
    HarmlessField{"num_beams", "a default of generation"},
};

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + io::quote(name);
  return text;
}

const Architecture& find_architecture(ConfigFields& fields) {
  constexpr const char* kWanted = "a list of one name, such as [\"LlamaForCausalLM\"],";
  const std::optional<std::vector<std::string>> names = fields.strings("architectures", kWanted);
  if (names && names->empty()) fields.refuse("architectures", std::string(kWanted) + " is wanted");
  for (const Architecture& architecture : kArchitectures)
    if (names && names->size() == 1 && names->front() == architecture.name) return architecture;
  std::string known;
  for (const Architecture& architecture : kArchitectures)
    known += (known.empty() ? "" : ", ") + std::string(architecture.name);
  throw FormatError(fields.where() + ": " +
                    (names ? "architecture " + joined(*names) + " is not supported"
                           : std::string("field 'architectures' is missing")) +
                    "; known are: " + known);
}

Activation read_activation(ConfigFields& fields) {
  const std::string name = fields.string("hidden_act").value_or("silu");
  if (name == "silu" || name == "swish") return Activation::silu;
  if (name == "gelu") return Activation::gelu_erf;
  if (name == "gelu_pytorch_tanh" || name == "gelu_new") return Activation::gelu_tanh;
  if (name == "relu") return Activation::relu;
  fields.refuse("hidden_act", "supported are silu, gelu, gelu_pytorch_tanh, relu");
}

// The scaling rule of `fields`, which is rope_scaling (older files) or rope_parameters (transformers 5).
nn::RotaryScaling read_scaling(ConfigFields& fields, const char* rule_key) {
  const std::string rule = fields.string(rule_key).value_or("default");
  nn::RotaryScaling scaling;
  if (rule == "default") return scaling;
  if (rule == "linear") {
    scaling.kind = nn::RotaryScaling::Kind::linear;
    scaling.factor = fields.required_number("factor");
  } else if (rule == "llama3") {
    scaling.kind = nn::RotaryScaling::Kind::llama3;
    scaling.factor = fields.required_number("factor");
    scaling.low_freq_factor = fields.required_number("low_freq_factor");
    scaling.high_freq_factor = fields.required_number("high_freq_factor");
    scaling.original_context = fields.required_number("original_max_position_embeddings");
    if (!(scaling.low_freq_factor > 0 && scaling.high_freq_factor > scaling.low_freq_factor))
      fields.refuse("high_freq_factor", "it must be greater than low_freq_factor, and both positive");
    if (!(scaling.original_context > 0)) fields.refuse("original_max_position_embeddings", "it must be positive");
  } else {
    fields.refuse(rule_key, "supported are default, linear, llama3");
  }
  if (!(scaling.factor > 0)) fields.refuse("factor", "it must be positive");
  return scaling;
}

void refuse_partial_rotary(ConfigFields& fields) {
  const std::optional<double> factor = fields.number("partial_rotary_factor");
  if (factor && *factor != 1.0)
    fields.refuse("partial_rotary_factor", "this architecture rotates whole heads: only 1.0 is supported");
}

void refuse_unused(const ConfigFields& fields) {
  const std::vector<std::string> unknown = fields.unused();
  if (unknown.empty()) return;
  throw FormatError(fields.where() + ": unknown " + (unknown.size() == 1 ? "field " : "fields ") + joined(unknown) +
                    "; what is not known may change the result, so it is refused: remove what does not");
}

void read_rotary_object(ConfigFields& parent, const char* key, LlamaConfig& config) {
  const nlohmann::json* object = parent.raw(key);
  if (object == nullptr) return;
  ConfigFields fields(*object, parent.where() + ": " + key);
  if (const std::optional<double> base = fields.number("rope_theta")) {
    if (parent.has("rope_theta") && *parent.number("rope_theta") != *base)
      parent.refuse("rope_theta", std::string(key) + " says " + std::to_string(*base) + "; they must agree");
    config.rotary_base = *base;
  }
  const bool both = fields.has("rope_type") && fields.has("type");
  if (both && *fields.string("rope_type") != *fields.string("type"))
    fields.refuse("rope_type", "'type' says " + io::quote(*fields.string("type")) + "; they must agree");
  config.rotary_scaling = read_scaling(fields, fields.has("rope_type") ? "rope_type" : "type");
  refuse_partial_rotary(fields);
  refuse_unused(fields);
}

void read_rotary(ConfigFields& fields, LlamaConfig& config) {
  config.rotary_base = fields.number("rope_theta").value_or(10000.0);
  if (fields.has("rope_scaling") && fields.has("rope_parameters"))
    fields.refuse("rope_scaling", "'rope_parameters' is there too; keep one of them");
  read_rotary_object(fields, "rope_scaling", config);
  read_rotary_object(fields, "rope_parameters", config);
  refuse_partial_rotary(fields);
  if (fields.boolean("rope_interleaved").value_or(false))
    fields.refuse("rope_interleaved", "safetensors weights are paired half-split; only false is supported");
  config.rotary_dim = config.head_dim;
  config.rotary_style = RopeStyle::half_split;
}

// Fields whose one supported value switches them off.
void refuse_other_maths(ConfigFields& fields, const Architecture& architecture) {
  const bool switched_on = fields.boolean("use_sliding_window").value_or(false);
  if (switched_on) fields.refuse("use_sliding_window", "attention over a window is not supported; only false is");
  if (fields.has("sliding_window") && !architecture.window_has_switch)
    fields.refuse("sliding_window", "attention over a window is not supported; only null is");
  if (architecture.stated_extents && !architecture.window_has_switch && !fields.present("sliding_window"))
    throw FormatError(fields.where() + ": field 'sliding_window' is missing and " + std::string(architecture.name) +
                      "'s default is a window, which is not supported; write null if the model has none");
  if (const std::optional<std::vector<std::string>> types = fields.strings("layer_types"))
    for (const std::string& type : *types)
      if (type != "full_attention") fields.refuse("layer_types", "every layer must be full_attention");
  if (fields.has("quantization_config"))
    fields.refuse("quantization_config",
                  "quantised Hugging Face checkpoints are not supported; use the unquantised model or a GGUF file");
  for (const char* key : {"add_cross_attention", "is_encoder_decoder"})
    if (fields.boolean(key).value_or(false)) fields.refuse(key, "only decoders are supported");
  if (fields.boolean("use_mrope").value_or(false)) fields.refuse("use_mrope", "multimodal positions are not supported");
}

void read_end_tokens(const std::optional<std::string>& generation_config_json, const std::string& folder_file,
                     LlamaConfig& config) {
  if (!generation_config_json) return;
  std::string file = folder_file.substr(0, folder_file.rfind(io::kConfigFile));
  file += io::kGenerationConfigFile;
  const nlohmann::json json = parse_json(*generation_config_json, file);
  ConfigFields fields(json, file);
  for (const std::int32_t id : fields.integers("eos_token_id"))
    if (std::find(config.end_tokens.begin(), config.end_tokens.end(), id) == config.end_tokens.end())
      config.end_tokens.push_back(id);
}

void read_extents(ConfigFields& fields, const Architecture& architecture, LlamaConfig& c) {
  c.layers = fields.required_integer("num_hidden_layers");
  c.channels = fields.required_integer("hidden_size");
  c.heads = fields.required_integer("num_attention_heads");
  c.feed_forward = fields.required_integer("intermediate_size");
  c.vocabulary = fields.required_integer("vocab_size");
  if (architecture.stated_extents) {
    c.kv_heads = fields.required_integer("num_key_value_heads");
    c.context_length = fields.required_integer("max_position_embeddings");
  } else {
    c.kv_heads = fields.integer("num_key_value_heads").value_or(c.heads);
    c.context_length = fields.integer("max_position_embeddings").value_or(2048);
  }
  if (c.heads <= 0) fields.refuse("num_attention_heads", "it must be positive");
  const std::optional<std::int64_t> head_dim = fields.integer("head_dim");
  if (!head_dim && c.channels % c.heads != 0)
    fields.refuse("hidden_size",
                  "it is no multiple of num_attention_heads " + std::to_string(c.heads) + " and there is no head_dim");
  c.head_dim = head_dim.value_or(c.channels / c.heads);
}

}  // namespace

LlamaConfig llama_config_from_hugging_face(std::string_view config_json,
                                           const std::optional<std::string>& generation_config_json,
                                           const std::string& file) {
  const nlohmann::json json = parse_json(config_json, file);
  ConfigFields fields(json, file);
  const Architecture& architecture = find_architecture(fields);
  LlamaConfig config;
  config.file = file;
  config.architecture = std::string(architecture.name);
  config.name = fields.string("_name_or_path").value_or("");
  read_extents(fields, architecture, config);
  config.rms_norm_eps = static_cast<float>(fields.number("rms_norm_eps").value_or(1e-6));
  config.activation = read_activation(fields);
  config.tied_embeddings = fields.boolean("tie_word_embeddings").value_or(false);
  if (architecture.reads_bias_fields) {
    config.qkv_bias = config.output_bias = fields.boolean("attention_bias").value_or(false);
    config.mlp_bias = fields.boolean("mlp_bias").value_or(false);
  }
  config.qkv_bias = config.qkv_bias || architecture.qkv_bias;
  read_rotary(fields, config);
  refuse_other_maths(fields, architecture);
  config.end_tokens = fields.integers("eos_token_id");
  read_end_tokens(generation_config_json, file, config);
  for (const HarmlessField& field : kHarmless) fields.ignore(std::string(field.name));
  for (const std::string& name : fields.unused())
    if (name.starts_with("_")) fields.ignore(name);  // transformers' own bookkeeping
  refuse_unused(fields);
  check_config(config);
  return config;
}

}  // namespace candor::models
