// GGUF metadata of Llama-like models. Keys under the architecture's own prefix act, cannot change the result, or are
// refused by name; keys outside it (general.*, tokenizer.*, split.* …) describe other things.
#include <array>
#include <cmath>
#include <set>

#include "candor/error.h"
#include "io/gguf_tokens.h"
#include "io/refuse.h"
#include "models/llama/config.h"

namespace candor::models {
namespace {

struct GgufArchitecture {
  std::string_view name;
  RopeStyle style;  // llama's Q and K rows are stored permuted, so that pairs are neighbours
};

constexpr std::array kArchitectures = {
    GgufArchitecture{"llama", RopeStyle::interleaved},
    GgufArchitecture{"qwen2", RopeStyle::half_split},
};

// Keys that cannot change what inference computes here.
constexpr std::string_view kHarmless[] = {"vocab_size", "rope.scaling.original_context_length",
                                          "rope.scaling.finetuned", "tensor_data_layout", "expert_used_count"};

class Keys {
 public:
  Keys(const GgufMetadata& metadata, std::string prefix, std::string file)
      : metadata_(metadata), prefix_(std::move(prefix)), file_(std::move(file)) {
    for (const std::string_view key : kHarmless) used_.insert(full(key));
  }

  std::optional<std::int64_t> integer(std::string_view key) {
    const std::optional<std::uint64_t> value = metadata_.unsigned_integer(use(key));
    if (!value) return std::nullopt;
    if (*value > (std::uint64_t{1} << 62)) refuse(key, std::to_string(*value), "that is no possible extent");
    return static_cast<std::int64_t>(*value);
  }
  std::int64_t required(std::string_view key) {
    const std::optional<std::int64_t> value = integer(key);
    if (!value) throw FormatError(file_ + ": metadata key '" + full(key) + "' is missing; this architecture needs it");
    return *value;
  }
  std::optional<double> number(std::string_view key) { return metadata_.number(use(key)); }
  /// A number that acts as an f32 factor.
  std::optional<double> positive(std::string_view key) {
    const std::optional<double> value = number(key);
    if (value && !(static_cast<float>(*value) > 0 && std::isfinite(static_cast<float>(*value))))
      refuse(key, std::to_string(*value), "it must be positive and finite");
    return value;
  }
  std::optional<std::string> string(std::string_view key) { return metadata_.string(use(key)); }
  std::optional<bool> boolean(std::string_view key) { return metadata_.boolean(use(key)); }

  /// Refuses a number other than the one that switches the feature off.
  void only(std::string_view key, double value, const char* why) {
    const std::optional<double> found = number(key);
    if (found && *found != value) refuse(key, std::to_string(*found), why);
  }
  [[noreturn]] void refuse(std::string_view key, const std::string& value, const std::string& why) const {
    throw FormatError(file_ + ": metadata key '" + full(key) + "' is " + value + "; " + why);
  }
  void refuse_unused() const {
    for (const auto& [key, value] : metadata_.values)
      if (key.starts_with(prefix_) && !used_.contains(key))
        throw FormatError(file_ + ": unknown metadata key " + io::quote(key) +
                          "; what is not known may change the result, so it is refused");
  }

 private:
  std::string full(std::string_view key) const { return prefix_ + std::string(key); }
  std::string use(std::string_view key) {
    std::string name = full(key);
    used_.insert(name);
    return name;
  }
  const GgufMetadata& metadata_;
  std::string prefix_, file_;
  std::set<std::string> used_;
};

const GgufArchitecture& find_architecture(const GgufMetadata& metadata, const std::string& file) {
  const std::optional<std::string> name = metadata.string("general.architecture");
  std::string known;
  for (const GgufArchitecture& architecture : kArchitectures) {
    if (name && *name == architecture.name) return architecture;
    known += (known.empty() ? "" : ", ") + std::string(architecture.name);
  }
  throw FormatError(file + ": " +
                    (name ? "architecture " + io::quote(*name) + " is not supported"
                          : std::string("metadata key 'general.architecture' is missing")) +
                    "; known are: " + known);
}

std::vector<float> read_divisors(const Checkpoint& checkpoint, const std::string& file) {
  const TensorEntry* entry = checkpoint.find("rope_freqs.weight");
  if (entry == nullptr) return {};
  if (entry->shape.size() != 1 || entry->dtype != DType::f32)
    throw FormatError(file + ": tensor 'rope_freqs.weight' must be a vector of f32");
  const std::vector<float> divisors = checkpoint.tensor("rope_freqs.weight").to_f32();
  for (const float divisor : divisors)
    if (!(divisor > 0 && std::isfinite(divisor)))
      throw FormatError(file + ": tensor 'rope_freqs.weight' holds " + std::to_string(divisor) +
                        "; rotary divisors are positive and finite: the file is damaged, get it again");
  return divisors;
}

// The divisor of every position: two spellings, the older one without a rule beside it.
double read_factor(Keys& keys) {
  const std::optional<double> factor = keys.positive("rope.scaling.factor"), older = keys.positive("rope.scale_linear");
  if (factor && older && *factor != *older)
    keys.refuse("rope.scale_linear", std::to_string(*older),
                "rope.scaling.factor says " + std::to_string(*factor) + "; they must agree");
  return factor.value_or(older.value_or(1.0));
}

void read_rotary(Keys& keys, const Checkpoint& checkpoint, LlamaConfig& c) {
  c.rotary_dim = keys.integer("rope.dimension_count").value_or(c.head_dim);
  c.rotary_base = keys.number("rope.freq_base").value_or(10000.0);
  const std::string rule = keys.string("rope.scaling.type").value_or("linear");
  const double factor = read_factor(keys);
  keys.only("rope.scaling.attn_factor", 1.0, "only 1 is supported");
  c.rotary_scaling.divisors = read_divisors(checkpoint, c.file);
  if (rule != "none" && rule != "linear")
    keys.refuse("rope.scaling.type", io::quote(rule), "supported are none, linear, and the tensor rope_freqs.weight");
  if (!c.rotary_scaling.divisors.empty() && std::ssize(c.rotary_scaling.divisors) != c.rotary_dim / 2)
    throw FormatError(c.file + ": tensor 'rope_freqs.weight' has " + std::to_string(c.rotary_scaling.divisors.size()) +
                      " elements; " + std::to_string(c.rotary_dim) + " rotated elements per head need " +
                      std::to_string(c.rotary_dim / 2));
  const bool linear = factor != 1.0 && rule != "none";
  if (linear && !c.rotary_scaling.divisors.empty())
    keys.refuse("rope.scaling.type", "'linear'", "the tensor rope_freqs.weight scales too; one of them is supported");
  if (linear) c.rotary_scaling.kind = nn::RotaryScaling::Kind::linear;
  if (!c.rotary_scaling.divisors.empty()) c.rotary_scaling.kind = nn::RotaryScaling::Kind::divisors;
  c.rotary_scaling.factor = factor;
}

void read_extents(Keys& keys, const Checkpoint& checkpoint, LlamaConfig& c) {
  c.layers = keys.required("block_count");
  c.channels = keys.required("embedding_length");
  c.heads = keys.required("attention.head_count");
  c.kv_heads = keys.integer("attention.head_count_kv").value_or(c.heads);
  c.feed_forward = keys.required("feed_forward_length");
  c.context_length = keys.required("context_length");
  if (c.heads <= 0) keys.refuse("attention.head_count", std::to_string(c.heads), "it must be positive");
  const std::optional<std::int64_t> key_length = keys.integer("attention.key_length");
  if (!key_length && c.channels % c.heads != 0)
    keys.refuse("embedding_length", std::to_string(c.channels), "it is no multiple of the head count");
  c.head_dim = key_length.value_or(c.channels / c.heads);
  const std::int64_t value_length = keys.integer("attention.value_length").value_or(c.head_dim);
  if (value_length != c.head_dim)
    keys.refuse("attention.value_length", std::to_string(value_length),
                "keys have " + std::to_string(c.head_dim) + " elements; they must agree");
  const TensorEntry* embedding = checkpoint.find("token_embd.weight");
  if (embedding == nullptr) throw FormatError(c.file + ": tensor 'token_embd.weight' is missing");
  if (embedding->shape.size() != 2) throw FormatError(c.file + ": tensor 'token_embd.weight' is no matrix");
  c.vocabulary = keys.integer("vocab_size").value_or(embedding->shape[0]);
}

void refuse_other_maths(Keys& keys) {
  keys.only("expert_count", 0, "mixtures of experts are not supported");
  keys.only("attention.sliding_window", 0, "attention over a window is not supported");
  keys.only("logit_scale", 1, "a scale of the logits is not supported");
  keys.only("embedding_scale", 1, "a scale of the embedding is not supported");
  keys.only("residual_scale", 1, "a scale of the residual is not supported");
  keys.only("attention.clamp_kqv", 0, "clamped projections are not supported");
  keys.only("attention.max_alibi_bias", 0, "ALiBi is not supported");
  keys.only("attn_logit_softcapping", 0, "soft-capped logits are not supported");
  keys.only("final_logit_softcapping", 0, "soft-capped logits are not supported");
  if (keys.boolean("use_parallel_residual").value_or(false))
    keys.refuse("use_parallel_residual", "true", "only false is supported");
  if (!keys.boolean("attention.causal").value_or(true))
    keys.refuse("attention.causal", "false", "only causal attention is supported");
}

}  // namespace

LlamaConfig llama_config_from_gguf(const Checkpoint& checkpoint) {
  const GgufMetadata& metadata = checkpoint.gguf();
  LlamaConfig c;
  c.file = checkpoint.files().front();
  const GgufArchitecture& architecture = find_architecture(metadata, c.file);
  Keys keys(metadata, std::string(architecture.name) + ".", c.file);
  c.architecture = std::string(architecture.name);
  c.name = metadata.string("general.name").value_or("");
  read_extents(keys, checkpoint, c);
  const std::optional<double> eps = keys.number("attention.layer_norm_rms_epsilon");
  if (!eps)
    throw FormatError(c.file + ": metadata key '" + c.architecture + ".attention.layer_norm_rms_epsilon' is missing");
  c.rms_norm_eps = static_cast<float>(*eps);
  c.attention_scale = static_cast<float>(keys.positive("attention.scale").value_or(0.0));
  c.rotary_style = architecture.style;
  read_rotary(keys, checkpoint, c);
  refuse_other_maths(keys);
  keys.refuse_unused();
  // Presence of the tensors says whether there are biases and an output matrix of its own.
  c.qkv_bias = checkpoint.find("blk.0.attn_q.bias") != nullptr;
  c.output_bias = checkpoint.find("blk.0.attn_output.bias") != nullptr;
  c.mlp_bias = checkpoint.find("blk.0.ffn_up.bias") != nullptr;
  c.tied_embeddings = checkpoint.find("output.weight") == nullptr;
  c.end_tokens = io::gguf_end_tokens(metadata, c.file);
  check_config(c);
  return c;
}

}  // namespace candor::models
