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

constexpr std::string_view kGgufLayer = "blk.", kHuggingFaceLayer = "model.layers.";

/// "blk.", "7", "attn_q", ".weight"
struct LayerName {
  std::string number, part, end;
};

std::optional<LayerName> split_layer_name(const std::string& name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return std::nullopt;
  const std::size_t dot = name.find('.', prefix.size()), last = name.rfind('.');
  if (dot == std::string::npos || last <= dot) return std::nullopt;
  const LayerName layer = {name.substr(prefix.size(), dot - prefix.size()), name.substr(dot + 1, last - dot - 1),
                           name.substr(last)};
  const bool is_number = !layer.number.empty() && layer.number.find_first_not_of("0123456789") == std::string::npos;
  if (!is_number || (layer.end != ".weight" && layer.end != ".bias")) return std::nullopt;
  return layer;
}

constexpr std::string_view kRotaryDivisors = "rope_freqs.weight";

/// Heads that this tensor is said to hold; 0 when it holds none.
std::int64_t heads_of(const std::string& name, const GgufHeads& heads) {
  const auto is = [&](std::string_view part) {
    return name.ends_with(std::string(part) + ".weight") || name.ends_with(std::string(part) + ".bias");
  };
  return is(".attn_q") ? heads.queries : is(".attn_k") || is(".attn_v") ? heads.keys : 0;
}

/// The rows must be the heads that the metadata states: otherwise they would be put back in a wrong order.
void check_heads(const std::string& file, const TensorEntry& entry, std::int64_t count, std::int64_t size) {
  const bool matrix_or_vector = entry.shape.size() == 1 || entry.shape.size() == 2;
  if (matrix_or_vector && size % 2 == 0 && entry.shape.front() == count * size) return;
  throw FormatError("convert: " + file + ": byte " + std::to_string(entry.offset) + ": tensor " +
                    io::quote(entry.name) + " of shape " + io::shape_text(entry.shape) + " does not hold the " +
                    std::to_string(count) + " heads of " + std::to_string(size) +
                    " rows that the metadata states (an even number each); the file is damaged: get it again");
}

void map_tensors(const Checkpoint& checkpoint, const GgufArchitecture& architecture, bool folder, Plan& plan) {
  const std::string& file = checkpoint.files().front();
  for (const TensorEntry& entry : checkpoint.tensors()) {
    if (entry.name == kRotaryDivisors) {
      plan.notes.push_back("tensor " + io::quote(entry.name) +
                           " is not written: it is what rope_scaling in config.json " +
                           (folder ? "says" : "would say, which a single file cannot hold"));
      continue;
    }
    const std::optional<std::string> name = hugging_face_name(entry.name);
    if (!name) {
      throw FormatError("convert: " + file + ": byte " + std::to_string(entry.offset) + ": tensor " +
                        io::quote(entry.name) + " has no place in a " + std::string(architecture.model_class) +
                        "; keep the GGUF file for this model");
    }
    plan.tensors.push_back({entry, *name});
  }
  GgufKeys keys(checkpoint.gguf(), std::string(architecture.name) + ".", file);
  const GgufHeads heads = read_heads(keys);
  for (TensorPlan& tensor : plan.tensors) {
    const std::int64_t count = heads_of(tensor.source.name, heads);
    if (count == 0) continue;
    check_heads(file, tensor.source, count, heads.size);
    const bool rotates = tensor.source.name.find(".attn_v.") == std::string::npos;
    if (!architecture.interleaved_heads || !rotates) continue;
    tensor.heads = count;
    tensor.rows = RowOrder::halves;
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
  const std::optional<LayerName> layer = split_layer_name(gguf_name, kGgufLayer);
  if (!layer) return std::nullopt;
  for (const NamePair& pair : kLayerNames)
    if (layer->part == pair.gguf)
      return std::string(kHuggingFaceLayer) + layer->number + "." + std::string(pair.hugging_face) + layer->end;
  return std::nullopt;
}

std::optional<std::string> gguf_name(const std::string& hugging_face_name) {
  for (const NamePair& pair : kModelNames)
    if (hugging_face_name == pair.hugging_face) return std::string(pair.gguf);
  const std::optional<LayerName> layer = split_layer_name(hugging_face_name, kHuggingFaceLayer);
  if (!layer) return std::nullopt;
  for (const NamePair& pair : kLayerNames)
    if (layer->part == pair.hugging_face)
      return std::string(kGgufLayer) + layer->number + "." + std::string(pair.gguf) + layer->end;
  return std::nullopt;
}

Plan plan_gguf(const Checkpoint& checkpoint, bool folder, DType dtype) {
  Plan plan;
  const GgufMetadata& metadata = checkpoint.gguf();
  if (const GgufArchitecture* architecture = find_architecture(metadata)) {
    map_tensors(checkpoint, *architecture, folder, plan);
    // A single file gets no configuration, but what no configuration can express is refused all the same.
    plan.files = model_configuration(checkpoint, *architecture, dtype);
    if (!folder) {
      plan.files.clear();
      return plan;
    }
    for (SideFile& file : tokenizer_files(metadata, checkpoint.files().front(), plan.notes))
      plan.files.push_back(std::move(file));
    return plan;
  }
  for (const TensorEntry& entry : checkpoint.tensors()) plan.tensors.push_back({entry, entry.name});
  plan.notes.push_back("the architecture " + io::quote(metadata.string("general.architecture").value_or("(none)")) +
                       " has no Hugging Face form here: tensor names are kept and no config.json is written");
  return plan;
}

}  // namespace candor::convert_internal
