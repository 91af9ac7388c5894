// config.json as GGUF metadata.
#include <cmath>
#include <cstring>

#include "convert/hugging_face_model.h"
#include "convert/rotary_divisors.h"
#include "core/formats.h"

namespace candor::convert_internal {
namespace {

using Json = nlohmann::ordered_json;

/// Keys of one architecture.
class Keys {
 public:
  Keys(std::string prefix, GgufMetadata& metadata) : prefix_(std::move(prefix)), metadata_(metadata) {}

  void u32(const char* key, std::uint64_t value) { metadata_.values[prefix_ + key] = {value, GgufValueType::u32}; }
  /// GGUF has f32 there: the nearest one.
  void f32(const char* key, float value) {
    metadata_.values[prefix_ + key] = {static_cast<double>(value), GgufValueType::f32};
  }
  void string(const char* key, const std::string& value) {
    metadata_.values[prefix_ + key] = {value, GgufValueType::string};
  }

 private:
  std::string prefix_;
  GgufMetadata& metadata_;
};

double required(const ConfigFields& fields, const char* field) {
  const std::optional<double> value = fields.number(field);
  if (!value) fields.refuse(field, "is missing; the rule needs it");
  return *value;
}

/// A number that stays one as f32, and that a model can have: an epsilon, a base or a factor.
float positive(const ConfigFields& fields, const char* field, double value) {
  const float narrow = f64_to_f32(value);
  if (!(narrow > 0) || !std::isfinite(narrow))
    fields.refuse(field, "must be positive, and neither 0 nor infinite as f32, which is what GGUF has there");
  return narrow;
}

/// Llama 3's rule: the table that GGUF has for it.
void add_divisors(const ConfigFields& rule, double base, std::uint64_t head_dim, Plan& plan) {
  Llama3Scaling scaling;
  scaling.factor = required(rule, "factor");
  scaling.low_freq_factor = required(rule, "low_freq_factor");
  scaling.high_freq_factor = required(rule, "high_freq_factor");
  scaling.original_context = rule.extent("original_max_position_embeddings");
  positive(rule, "factor", scaling.factor);
  if (!(scaling.factor >= 1) || !(scaling.low_freq_factor > 0) || !(scaling.high_freq_factor > scaling.low_freq_factor))
    rule.refuse("factor", "and the frequency factors must be positive, and the high one above the low one");
  std::vector<float> divisors;
  for (std::uint64_t i = 0; i < head_dim / 2; ++i)
    divisors.push_back(static_cast<float>(llama3_divisor(scaling, base, head_dim, i)));
  TensorPlan tensor;
  tensor.source.name = tensor.name = "rope_freqs.weight";
  tensor.source.dtype = DType::f32;
  tensor.source.shape = {static_cast<std::int64_t>(divisors.size())};
  tensor.generated.resize(divisors.size() * sizeof(float));
  std::memcpy(tensor.generated.data(), divisors.data(), tensor.generated.size());
  tensor.source.nbytes = tensor.generated.size();
  plan.tensors.push_back(std::move(tensor));
  plan.notes.push_back("tensor 'rope_freqs.weight' is made from config.json: it says what the rule 'llama3' does");
}

void add_rotary(const ConfigFields& config, std::uint64_t head_dim, Keys& keys, Plan& plan) {
  const char* field = config.find("rope_parameters") != nullptr ? "rope_parameters" : "rope_scaling";
  const Json* object = config.find(field);
  if (object != nullptr && !object->is_object()) config.refuse(field, "is no object");
  const Json nothing = Json::object();
  const ConfigFields rule(object != nullptr ? *object : nothing, "config.json: " + std::string(field));
  const double base = rule.number("rope_theta").value_or(config.number("rope_theta").value_or(10000.0));
  keys.f32("rope.freq_base", positive(config, "rope_theta", base));
  const std::string type = rule.text("rope_type").value_or(rule.text("type").value_or("default"));
  if (rule.number("partial_rotary_factor").value_or(1) != 1)
    rule.refuse("partial_rotary_factor", "must be 1: the whole head is rotated");
  if (type == "linear") {
    keys.string("rope.scaling.type", type);
    keys.f32("rope.scaling.factor", positive(rule, "factor", required(rule, "factor")));
  } else if (type == "llama3") {
    add_divisors(rule, base, head_dim, plan);
  } else if (type != "default") {
    config.refuse(field, "has the rule '" + type + "'; default, linear and llama3 are converted");
  }
}

}  // namespace

void add_model_metadata(const ConfigFields& config, const std::string& architecture, Plan& plan) {
  Keys general("general.", plan.gguf), keys(architecture + ".", plan.gguf);
  general.string("type", "model");
  general.u32("quantization_version", 2);
  const ConfigHeads heads = config_heads(config);
  const std::uint64_t channels = config.extent("hidden_size");
  keys.u32("block_count", config.extent("num_hidden_layers"));
  keys.u32("context_length", config.extent("max_position_embeddings"));
  keys.u32("embedding_length", channels);
  keys.u32("feed_forward_length", config.extent("intermediate_size"));
  keys.u32("attention.head_count", heads.queries);
  keys.u32("attention.head_count_kv", heads.keys);
  keys.f32("attention.layer_norm_rms_epsilon", positive(config, "rms_norm_eps", required(config, "rms_norm_eps")));
  if (heads.size * heads.queries != channels) {
    keys.u32("attention.key_length", heads.size);
    keys.u32("attention.value_length", heads.size);
  }
  if (architecture == "llama") {
    keys.u32("vocab_size", config.extent("vocab_size"));
    keys.u32("rope.dimension_count", heads.size);
  }
  add_rotary(config, heads.size, keys, plan);
}

}  // namespace candor::convert_internal
