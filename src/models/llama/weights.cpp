#include "models/llama/weights.h"

#include <array>

namespace candor::models {
namespace {

enum class Extent : std::uint8_t { none, channels, query, key_value, feed_forward };
enum class Needs : std::uint8_t { always, qkv_bias, output_bias, mlp_bias };

// One tensor of a layer: its names, its shape and its place.
struct LayerRow {
  std::string_view hugging_face, gguf, where;
  WeightRole role;
  Extent rows, columns;
  Needs needs;
  Tensor& (*place)(LlamaLayer&);
};

using enum Extent;
using enum Needs;
using L = LlamaLayer;
constexpr WeightRole kMatrix = WeightRole::matrix, kNorm = WeightRole::norm, kBias = WeightRole::bias;

constexpr std::array kLayerRows = {
    LayerRow{"input_layernorm.weight", "attn_norm.weight", "attention norm", kNorm, channels, none, always,
             [](L& l) -> Tensor& { return l.attention_norm; }},
    LayerRow{"self_attn.q_proj.weight", "attn_q.weight", "attention query", kMatrix, query, channels, always,
             [](L& l) -> Tensor& { return l.query.weight; }},
    LayerRow{"self_attn.k_proj.weight", "attn_k.weight", "attention key", kMatrix, key_value, channels, always,
             [](L& l) -> Tensor& { return l.key.weight; }},
    LayerRow{"self_attn.v_proj.weight", "attn_v.weight", "attention value", kMatrix, key_value, channels, always,
             [](L& l) -> Tensor& { return l.value.weight; }},
    LayerRow{"self_attn.q_proj.bias", "attn_q.bias", "attention query bias", kBias, query, none, qkv_bias,
             [](L& l) -> Tensor& { return l.query.bias; }},
    LayerRow{"self_attn.k_proj.bias", "attn_k.bias", "attention key bias", kBias, key_value, none, qkv_bias,
             [](L& l) -> Tensor& { return l.key.bias; }},
    LayerRow{"self_attn.v_proj.bias", "attn_v.bias", "attention value bias", kBias, key_value, none, qkv_bias,
             [](L& l) -> Tensor& { return l.value.bias; }},
    LayerRow{"self_attn.o_proj.weight", "attn_output.weight", "attention output", kMatrix, channels, query, always,
             [](L& l) -> Tensor& { return l.output.weight; }},
    LayerRow{"self_attn.o_proj.bias", "attn_output.bias", "attention output bias", kBias, channels, none, output_bias,
             [](L& l) -> Tensor& { return l.output.bias; }},
    LayerRow{"post_attention_layernorm.weight", "ffn_norm.weight", "feed-forward norm", kNorm, channels, none, always,
             [](L& l) -> Tensor& { return l.feed_forward_norm; }},
    LayerRow{"mlp.gate_proj.weight", "ffn_gate.weight", "feed-forward gate", kMatrix, feed_forward, channels, always,
             [](L& l) -> Tensor& { return l.feed_forward.gate.weight; }},
    LayerRow{"mlp.up_proj.weight", "ffn_up.weight", "feed-forward up", kMatrix, feed_forward, channels, always,
             [](L& l) -> Tensor& { return l.feed_forward.up.weight; }},
    LayerRow{"mlp.gate_proj.bias", "ffn_gate.bias", "feed-forward gate bias", kBias, feed_forward, none, mlp_bias,
             [](L& l) -> Tensor& { return l.feed_forward.gate.bias; }},
    LayerRow{"mlp.up_proj.bias", "ffn_up.bias", "feed-forward up bias", kBias, feed_forward, none, mlp_bias,
             [](L& l) -> Tensor& { return l.feed_forward.up.bias; }},
    LayerRow{"mlp.down_proj.weight", "ffn_down.weight", "feed-forward down", kMatrix, channels, feed_forward, always,
             [](L& l) -> Tensor& { return l.feed_forward.down.weight; }},
    LayerRow{"mlp.down_proj.bias", "ffn_down.bias", "feed-forward down bias", kBias, channels, none, mlp_bias,
             [](L& l) -> Tensor& { return l.feed_forward.down.bias; }},
};

std::int64_t extent(const LlamaConfig& c, Extent which) {
  switch (which) {
    case none:
      return 0;
    case channels:
      return c.channels;
    case query:
      return c.heads * c.head_dim;
    case key_value:
      return c.kv_heads * c.head_dim;
    case feed_forward:
      return c.feed_forward;
  }
  return 0;
}

bool needed(const LlamaConfig& c, Needs needs) {
  switch (needs) {
    case always:
      return true;
    case qkv_bias:
      return c.qkv_bias;
    case output_bias:
      return c.output_bias;
    case mlp_bias:
      return c.mlp_bias;
  }
  return true;
}

void add_layer(const LlamaConfig& c, bool gguf, std::int64_t index, LlamaLayer& layer, std::vector<WeightSlot>& slots) {
  const std::string number = std::to_string(index);
  const std::string prefix = gguf ? "blk." + number + "." : "model.layers." + number + ".";
  for (const LayerRow& row : kLayerRows) {
    if (!needed(c, row.needs)) continue;
    const std::int64_t rows = extent(c, row.rows), columns = extent(c, row.columns);
    slots.push_back({.name = prefix + std::string(gguf ? row.gguf : row.hugging_face),
                     .where = "layer " + number + ": " + std::string(row.where),
                     .shape = row.columns == none ? Shape{rows} : Shape{rows, columns},
                     .role = row.role,
                     .tensor = &row.place(layer)});
  }
}

}  // namespace

std::vector<WeightSlot> weight_slots(const LlamaConfig& c, CheckpointFormat format, LlamaWeights& weights) {
  const bool gguf = format == CheckpointFormat::gguf;
  weights.layers.assign(static_cast<std::size_t>(c.layers), {});
  std::vector<WeightSlot> slots;
  slots.push_back({gguf ? "token_embd.weight" : "model.embed_tokens.weight",
                   "embedding",
                   {c.vocabulary, c.channels},
                   WeightRole::embedding,
                   &weights.embedding});
  for (std::int64_t i = 0; i < c.layers; ++i) {
    LlamaLayer& layer = weights.layers[static_cast<std::size_t>(i)];
    layer.feed_forward.activation = c.activation;
    add_layer(c, gguf, i, layer, slots);
  }
  slots.push_back(
      {gguf ? "output_norm.weight" : "model.norm.weight", "final norm", {c.channels}, WeightRole::norm, &weights.norm});
  if (!c.tied_embeddings)
    slots.push_back({gguf ? "output.weight" : "lm_head.weight",
                     "output",
                     {c.vocabulary, c.channels},
                     WeightRole::matrix,
                     &weights.output});
  return slots;
}

bool read_with_configuration(CheckpointFormat format, const std::string& name) {
  return format == CheckpointFormat::gguf && name == "rope_freqs.weight";
}

std::string unread_reason(const LlamaConfig& c, CheckpointFormat format, const std::string& name) {
  if (format == CheckpointFormat::gguf) return "";
  if (name.ends_with(".rotary_emb.inv_freq")) return "the frequencies are computed from the configuration";
  if (name == "lm_head.weight" && c.tied_embeddings) return "config.json ties the output to the embedding";
  return "";
}

}  // namespace candor::models
