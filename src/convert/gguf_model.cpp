#include "convert/gguf_model.h"

#include "candor/error.h"
#include "io/refuse.h"

namespace candor::convert_internal {
namespace {

constexpr GgufArchitecture kArchitectures[] = {
    {"llama", "LlamaForCausalLM", "llama", true, true},
    {"qwen2", "Qwen2ForCausalLM", "qwen2", false, false},
};

struct NamePair {
  std::string_view gguf, hugging_face;
};

constexpr NamePair kModelNames[] = {{"token_embd.weight", "model.embed_tokens.weight"},
                                    {"output_norm.weight", "model.norm.weight"},
                                    {"output.weight", "lm_head.weight"}};

// After "blk.N." and "model.layers.N."; ".weight" and ".bias" alike.
constexpr NamePair kLayerNames[] = {
    {"attn_norm", "input_layernorm"}, {"attn_q", "self_attn.q_proj"},      {"attn_k", "self_attn.k_proj"},
    {"attn_v", "self_attn.v_proj"},   {"attn_output", "self_attn.o_proj"}, {"ffn_norm", "post_attention_layernorm"},
    {"ffn_gate", "mlp.gate_proj"},    {"ffn_up", "mlp.up_proj"},           {"ffn_down", "mlp.down_proj"}};

constexpr std::string_view kRotaryDivisors = "rope_freqs.weight";

/// Heads whose rows are interleaved in this tensor; 0 when none are.
std::int64_t interleaved_heads(const std::string& name, std::int64_t heads, std::int64_t kv_heads) {
  if (name.ends_with(".attn_q.weight") || name.ends_with(".attn_q.bias")) return heads;
  if (name.ends_with(".attn_k.weight") || name.ends_with(".attn_k.bias")) return kv_heads;
  return 0;
}

void check_heads(const std::string& file, const TensorPlan& plan) {
  const std::int64_t rows = plan.source.shape.empty() ? 0 : plan.source.shape.front();
  if (plan.source.shape.size() <= 2 && rows > 0 && rows % (2 * plan.heads) == 0) return;
  throw FormatError("convert: " + file + ": byte " + std::to_string(plan.source.offset) + ": tensor " +
                    io::quote(plan.source.name) + " of shape " + io::shape_text(plan.source.shape) + " does not hold " +
                    std::to_string(plan.heads) + " heads of an even size; the file is damaged");
}

std::int64_t count_of(const GgufMetadata& metadata, const std::string& key, std::int64_t otherwise) {
  const std::optional<std::uint64_t> value = metadata.unsigned_integer(key);
  if (!value) return otherwise;
  constexpr std::uint64_t kMostHeads = 1u << 20;
  if (*value == 0 || *value > kMostHeads)
    throw FormatError("convert: metadata key " + io::quote(key) + " is " + std::to_string(*value) +
                      ", which no model has");
  return static_cast<std::int64_t>(*value);
}

void map_tensors(const Checkpoint& checkpoint, const GgufArchitecture& architecture, Plan& plan) {
  const std::string& file = checkpoint.files().front();
  const std::string prefix = std::string(architecture.name) + ".attention.head_count";
  const std::int64_t heads = count_of(checkpoint.gguf(), prefix, 0);
  if (heads == 0) throw FormatError("convert: " + file + ": metadata key " + io::quote(prefix) + " is missing");
  const std::int64_t kv_heads = count_of(checkpoint.gguf(), prefix + "_kv", heads);
  for (const TensorEntry& entry : checkpoint.tensors()) {
    if (entry.name == kRotaryDivisors) continue;
    const std::optional<std::string> name = hugging_face_name(entry.name);
    if (!name) {
      throw FormatError("convert: " + file + ": byte " + std::to_string(entry.offset) + ": tensor " +
                        io::quote(entry.name) + " has no place in a " + std::string(architecture.model_class) +
                        "; keep the GGUF file for this model");
    }
    TensorPlan tensor{entry, *name, DType::any, 0};
    if (architecture.interleaved_heads) tensor.heads = interleaved_heads(entry.name, heads, kv_heads);
    if (tensor.heads > 0) check_heads(file, tensor);
    plan.tensors.push_back(std::move(tensor));
  }
}

}  // namespace

const GgufArchitecture* find_architecture(const GgufMetadata& metadata) {
  const std::optional<std::string> name = metadata.string("general.architecture");
  if (!name || metadata.string("general.type").value_or("model") != "model") return nullptr;
  for (const GgufArchitecture& architecture : kArchitectures)
    if (*name == architecture.name) return &architecture;
  return nullptr;
}

std::optional<std::string> hugging_face_name(const std::string& gguf_name) {
  for (const NamePair& pair : kModelNames)
    if (gguf_name == pair.gguf) return std::string(pair.hugging_face);
  constexpr std::string_view kBlock = "blk.";
  if (!gguf_name.starts_with(kBlock)) return std::nullopt;
  const std::size_t dot = gguf_name.find('.', kBlock.size()), last = gguf_name.rfind('.');
  if (dot == std::string::npos || last <= dot) return std::nullopt;
  const std::string number = gguf_name.substr(kBlock.size(), dot - kBlock.size()), end = gguf_name.substr(last);
  const bool is_number = !number.empty() && number.find_first_not_of("0123456789") == std::string::npos;
  if (!is_number || (end != ".weight" && end != ".bias")) return std::nullopt;
  const std::string part = gguf_name.substr(dot + 1, last - dot - 1);
  for (const NamePair& pair : kLayerNames)
    if (part == pair.gguf) return "model.layers." + number + "." + std::string(pair.hugging_face) + end;
  return std::nullopt;
}

Plan plan_gguf(const Checkpoint& checkpoint, bool folder, DType dtype) {
  Plan plan;
  const GgufMetadata& metadata = checkpoint.gguf();
  if (const GgufArchitecture* architecture = find_architecture(metadata)) {
    map_tensors(checkpoint, *architecture, plan);
    if (!folder) return plan;
    plan.files = model_configuration(checkpoint, *architecture, dtype);
    for (SideFile& file : tokenizer_files(metadata, checkpoint.files().front(), plan.notes))
      plan.files.push_back(std::move(file));
    return plan;
  }
  for (const TensorEntry& entry : checkpoint.tensors()) plan.tensors.push_back({entry, entry.name, DType::any, 0});
  plan.notes.push_back("the architecture " + io::quote(metadata.string("general.architecture").value_or("(none)")) +
                       " has no Hugging Face form here: tensor names are kept and no config.json is written");
  return plan;
}

}  // namespace candor::convert_internal
