// config.json and generation_config.json from GGUF metadata.
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "candor/error.h"
#include "convert/gguf_model.h"
#include "convert/hugging_face_folder.h"
#include "convert/rotary_divisors.h"
#include "io/gguf_tokens.h"

namespace candor::convert_internal {
namespace {

using Json = nlohmann::ordered_json;

/// GGUF stores f32: 1e-05 in config.json became 9.99999975e-06 there. The shortest decimal that rounds to the same f32
/// is what was meant.
double as_written(double value) {
  const float narrow = static_cast<float>(value);
  if (static_cast<double>(narrow) != value) return value;  // it was an f64
  char digits[32];
  const std::to_chars_result end = std::to_chars(digits, digits + sizeof digits, narrow);
  double out = value;
  std::from_chars(digits, end.ptr, out);
  return out;
}

void add_token_ids(const GgufMetadata& metadata, const std::string& file, Json& json) {
  if (const auto id = io::gguf_token_id(metadata, "tokenizer.ggml.bos_token_id", file)) json["bos_token_id"] = *id;
  const std::vector<std::int32_t> ends = io::gguf_end_tokens(metadata, file);
  if (ends.size() == 1) json["eos_token_id"] = ends.front();
  if (ends.size() > 1) json["eos_token_id"] = ends;
  if (const auto id = io::gguf_token_id(metadata, "tokenizer.ggml.padding_token_id", file)) json["pad_token_id"] = *id;
}

/// Which projections have biases, as the tensors say; a mixture that config.json cannot state is refused.
void add_biases(const Checkpoint& checkpoint, const GgufArchitecture& architecture, Json& json) {
  const auto has = [&](const char* name) { return checkpoint.find(name) != nullptr; };
  const auto refuse = [&](const std::string& what) {
    throw FormatError("convert: " + checkpoint.files().front() + ": " + what + ", which a " +
                      std::string(architecture.model_class) + " cannot have; keep the GGUF file for this model");
  };
  const bool q = has("blk.0.attn_q.bias"), k = has("blk.0.attn_k.bias"), v = has("blk.0.attn_v.bias");
  const bool output = has("blk.0.attn_output.bias");
  if (q != k || q != v) refuse("only some of attn_q, attn_k and attn_v have a bias");
  const bool gate = has("blk.0.ffn_gate.bias"), up = has("blk.0.ffn_up.bias"), down = has("blk.0.ffn_down.bias");
  if (gate != up || gate != down) refuse("only some of ffn_gate, ffn_up and ffn_down have a bias");
  if (architecture.bias_of_output) {
    if (q != output)
      refuse(q ? "attn_q has a bias but attn_output has none" : "attn_output has a bias but attn_q has none");
    json["attention_bias"] = q;
    json["mlp_bias"] = gate;
  } else {
    if (!q || output || gate) refuse("the biases are not those of Q, K and V alone");
  }
}

void add_rotary(const Checkpoint& checkpoint, GgufKeys& keys, std::uint64_t head_dim, Json& json) {
  const std::uint64_t rotated = keys.integer("rope.dimension_count").value_or(head_dim);
  if (rotated != head_dim)
    keys.refuse("rope.dimension_count", "is " + std::to_string(rotated) + " but heads have " +
                                            std::to_string(head_dim) + " elements, which config.json cannot express");
  const double base = as_written(keys.number("rope.freq_base").value_or(10000.0));
  const std::string rule = keys.string("rope.scaling.type").value_or("none");
  const double factor =
      as_written(keys.number("rope.scaling.factor").value_or(keys.number("rope.scale_linear").value_or(1.0)));
  keys.only("rope.scaling.attn_factor", 1.0);
  keys.ignore("rope.scaling.finetuned");
  const std::uint64_t original = keys.integer("rope.scaling.original_context_length").value_or(0);
  if (rule != "none" && rule != "linear")
    keys.refuse("rope.scaling.type", "is '" + rule + "', of which only none and linear are converted");
  json["rope_theta"] = base;
  const bool linear = factor != 1.0 && (rule == "linear" || !keys.string("rope.scaling.type"));
  if (linear) json["rope_scaling"] = {{"rope_type", "linear"}, {"factor", factor}};
  if (checkpoint.find("rope_freqs.weight") == nullptr) return;
  if (linear) keys.refuse("rope.scaling.type", "is 'linear' and the tensor 'rope_freqs.weight' scales too");
  const std::vector<float> divisors = checkpoint.tensor("rope_freqs.weight").to_f32();
  const std::optional<Llama3Scaling> scaling = fit_llama3_scaling(divisors, base, head_dim, original);
  if (!scaling)
    throw FormatError(
        "convert: " + checkpoint.files().front() +
        ": tensor 'rope_freqs.weight' is not of Llama 3's rule, which config.json cannot express; keep the "
        "GGUF file for this model");
  if (scaling->factor == 1) return;
  json["rope_scaling"] = {{"rope_type", "llama3"},
                          {"factor", scaling->factor},
                          {"low_freq_factor", scaling->low_freq_factor},
                          {"high_freq_factor", scaling->high_freq_factor},
                          {"original_max_position_embeddings", scaling->original_context}};
}

std::uint64_t vocabulary_rows(const Checkpoint& checkpoint) {
  const TensorEntry* embedding = checkpoint.find("token_embd.weight");
  if (embedding == nullptr || embedding->shape.size() != 2)
    throw FormatError("convert: " + checkpoint.files().front() +
                      ": there is no matrix 'token_embd.weight'; the file is no model");
  return static_cast<std::uint64_t>(embedding->shape.front());
}

// Keys whose one harmless value is accepted: config.json has no field for any other.
void refuse_other_maths(GgufKeys& keys) {
  for (const char* key : {"expert_count", "attention.sliding_window", "attention.clamp_kqv", "attention.max_alibi_bias",
                          "attn_logit_softcapping", "final_logit_softcapping", "use_parallel_residual"})
    keys.only(key, 0);
  for (const char* key : {"logit_scale", "embedding_scale", "residual_scale", "attention.causal"}) keys.only(key, 1);
  for (const char* key : {"vocab_size", "tensor_data_layout", "expert_used_count"}) keys.ignore(key);
}

Json extents(GgufKeys& keys, const Checkpoint& checkpoint) {
  Json json;
  const GgufHeads heads = read_heads(keys);
  json["hidden_size"] = keys.extent("embedding_length");
  json["intermediate_size"] = keys.extent("feed_forward_length");
  json["num_hidden_layers"] = keys.extent("block_count");
  json["num_attention_heads"] = heads.queries;
  json["num_key_value_heads"] = heads.keys;
  json["head_dim"] = heads.size;
  json["max_position_embeddings"] = keys.extent("context_length");
  json["vocab_size"] = vocabulary_rows(checkpoint);
  return json;
}

}  // namespace

std::vector<SideFile> model_configuration(const Checkpoint& checkpoint, const GgufArchitecture& architecture,
                                          DType dtype) {
  const GgufMetadata& metadata = checkpoint.gguf();
  GgufKeys keys(metadata, std::string(architecture.name) + ".", checkpoint.files().front());
  Json json;
  json["architectures"] = {architecture.model_class};
  json["model_type"] = architecture.model_type;
  json["torch_dtype"] = hugging_face_dtype(dtype);
  json["hidden_act"] = "silu";
  json.update(extents(keys, checkpoint));
  const std::optional<double> eps = keys.number("attention.layer_norm_rms_epsilon");
  if (!eps) keys.refuse("attention.layer_norm_rms_epsilon", "is missing; config.json needs it");
  json["rms_norm_eps"] = as_written(*eps);
  const std::uint64_t head_dim = json["head_dim"];
  if (const auto scale = keys.number("attention.scale");
      scale && std::fabs(*scale * std::sqrt(static_cast<double>(head_dim)) - 1) > 1e-6)
    keys.refuse("attention.scale", "is " + std::to_string(*scale) + ", which config.json cannot express");
  add_rotary(checkpoint, keys, head_dim, json);
  add_biases(checkpoint, architecture, json);
  json["tie_word_embeddings"] = checkpoint.find("output.weight") == nullptr;
  json["use_cache"] = true;
  refuse_other_maths(keys);
  keys.refuse_unused();
  const std::string& file = checkpoint.files().front();
  add_token_ids(metadata, file, json);
  Json generation = Json::object();
  add_token_ids(metadata, file, generation);
  return {{"config.json", json.dump(2) + "\n"}, {"generation_config.json", generation.dump(2) + "\n"}};
}

}  // namespace candor::convert_internal
