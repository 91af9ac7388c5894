// GGUF metadata of Llama-like models. Keys under the architecture's own prefix act, cannot change the result, or are
// refused by name; keys outside it (general.*, tokenizer.*, split.* …) describe other things.
#include <algorithm>
#include <array>
#include <set>

#include "candor/error.h"
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
        throw FormatError(file_ + ": unknown metadata key '" + key +
                          "'; what is not known may change the result, so it is refused");
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
                    (name ? "architecture '" + *name + "' is not supported"
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
    if (!(divisor > 0)) throw FormatError(file + ": tensor 'rope_freqs.weight' has an element that is not positive");
  return divisors;
}

void read_rotary(Keys& keys, const Checkpoint& checkpoint, LlamaConfig& c) {
  c.rotary_dim = keys.integer("rope.dimension_count").value_or(c.head_dim);
  c.rotary_base = keys.number("rope.freq_base").value_or(10000.0);
  const std::string rule = keys.string("rope.scaling.type").value_or("linear");
  const double factor = keys.number("rope.scaling.factor").value_or(keys.number("rope.scale_linear").value_or(1.0));
  keys.only("rope.scaling.attn_factor", 1.0, "only 1 is supported");
  c.rotary_scaling.divisors = read_divisors(checkpoint, c.file);
  if (rule != "none" && rule != "linear")
    keys.refuse("rope.scaling.type", "'" + rule + "'", "supported are none, linear, and the tensor rope_freqs.weight");
  if (!c.rotary_scaling.divisors.empty() && std::ssize(c.rotary_scaling.divisors) != c.rotary_dim / 2)
    throw FormatError(c.file + ": tensor 'rope_freqs.weight' has " + std::to_string(c.rotary_scaling.divisors.size()) +
                      " elements; " + std::to_string(c.rotary_dim) + " rotated elements per head need " +
                      std::to_string(c.rotary_dim / 2));
  if (!(factor > 0)) keys.refuse("rope.scaling.factor", std::to_string(factor), "it must be positive");
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

// Ids that end an answer: those the file names, and control tokens that chat models end their turns with.
std::vector<std::int32_t> end_tokens(const GgufMetadata& metadata) {
  std::vector<std::int32_t> ids;
  const auto add = [&ids](std::uint64_t id) {
    const std::int32_t token = static_cast<std::int32_t>(id);
    if (std::find(ids.begin(), ids.end(), token) == ids.end()) ids.push_back(token);
  };
  for (const char* key : {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"})
    if (const std::optional<std::uint64_t> id = metadata.unsigned_integer(key)) add(*id);
  constexpr std::string_view kTurnEnds[] = {"<|im_end|>", "<|eot_id|>", "<|end_of_text|>", "<|endoftext|>",
                                            "<|eom_id|>"};
  constexpr double kControl = 3;
  const std::vector<std::string>* tokens = metadata.strings("tokenizer.ggml.tokens");
  const std::optional<std::vector<double>> types = metadata.numbers("tokenizer.ggml.token_type");
  if (tokens == nullptr || !types || types->size() != tokens->size()) return ids;
  for (std::size_t id = 0; id < tokens->size(); ++id)
    if ((*types)[id] == kControl &&
        std::find(std::begin(kTurnEnds), std::end(kTurnEnds), (*tokens)[id]) != std::end(kTurnEnds))
      add(id);
  return ids;
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
  c.attention_scale = static_cast<float>(keys.number("attention.scale").value_or(0.0));
  c.rotary_style = architecture.style;
  read_rotary(keys, checkpoint, c);
  refuse_other_maths(keys);
  keys.refuse_unused();
  // Presence of the tensors says whether there are biases and an output matrix of its own.
  c.qkv_bias = checkpoint.find("blk.0.attn_q.bias") != nullptr;
  c.output_bias = checkpoint.find("blk.0.attn_output.bias") != nullptr;
  c.mlp_bias = checkpoint.find("blk.0.ffn_up.bias") != nullptr;
  c.tied_embeddings = checkpoint.find("output.weight") == nullptr;
  c.end_tokens = end_tokens(metadata);
  check_config(c);
  return c;
}

}  // namespace candor::models
