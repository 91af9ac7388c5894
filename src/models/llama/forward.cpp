#include "models/llama/forward.h"

#include <string>
#include <tuple>

#include "candor/error.h"
#include "candor/ops.h"
#include "core/ledger.h"
#include "nn/precision.h"

namespace candor::models {
namespace {

// What the layers of one pass share.
struct Pass {
  const LlamaModel& model;
  const ForwardOptions& options;
  nn::KvCache& cache;
  nn::RotaryTables tables;  // [T, R]
  OpOptions op;
  std::int64_t first;  // position of the first token
  std::int64_t layer = -1;

  void at(std::string_view part) const {
    if (options.observer != nullptr) options.observer->at(layer, part);
  }
};

Qkv project(const Pass& pass, const LlamaLayer& layer, const Tensor& x) {
  const bool alike = layer.query.weight.dtype() == layer.key.weight.dtype() &&
                     layer.query.weight.dtype() == layer.value.weight.dtype();
  pass.at("attention query, key, value");
  if (alike)
    return qkv_projection(x, layer.query.weight, layer.key.weight, layer.value.weight, layer.query.bias, layer.key.bias,
                          layer.value.bias, pass.op);
  return {layer.query(x, pass.op), layer.key(x, pass.op), layer.value(x, pass.op)};
}

// Projects x [T, C], rotates queries and keys, and puts keys and values into the cache. Returns the queries [T, H, D].
Tensor project_into_cache(Pass& pass, const LlamaLayer& layer, const Tensor& x) {
  const LlamaConfig& c = pass.model.config;
  const std::int64_t tokens = x.shape()[0];
  Qkv qkv = project(pass, layer, x);
  pass.at("attention rotary");
  const Tensor q =
      rope(qkv.q.reshape({tokens, c.heads, c.head_dim}), pass.tables.cos, pass.tables.sin, c.rotary_style, pass.op);
  const Tensor k =
      rope(qkv.k.reshape({tokens, c.kv_heads, c.head_dim}), pass.tables.cos, pass.tables.sin, c.rotary_style, pass.op);
  pass.at("KV cache");
  const ledger::CastReason reason("forward: KV cache");  // only when the cache has another dtype
  const DType kv = pass.model.precision.kv;
  pass.cache.write(pass.layer, pass.first, nn::as_dtype(k, kv),
                   nn::as_dtype(qkv.v.reshape({tokens, c.kv_heads, c.head_dim}), kv));
  return q;
}

// Queries [T, H, D] against all keys so far -> [T, H·D].
Tensor attend(const Pass& pass, const Tensor& q) {
  const LlamaConfig& c = pass.model.config;
  const std::int64_t length = pass.first + pass.tables.cos.shape()[0];
  pass.at("attention");
  const Tensor y = attention(q, pass.cache.keys(pass.layer, length), pass.cache.values(pass.layer, length),
                             {.scale = c.attention_scale, .causal = true, .op = pass.op});
  return y.reshape({q.shape()[0], c.heads * c.head_dim});
}

Tensor last_row(const Tensor& x) { return x.slice(0, x.shape()[0] - 1, x.shape()[0]); }

// One layer: from its normalised input x [T, C] and the residual stream to the next layer's. Leaves x undefined when
// the last layer's rows are not wanted.
void run_layer(Pass& pass, Tensor& x, Tensor& residual) {
  const LlamaConfig& c = pass.model.config;
  const LlamaLayer& layer = pass.model.weights.layers[static_cast<std::size_t>(pass.layer)];
  const bool final = pass.layer + 1 == c.layers;
  Tensor q = project_into_cache(pass, layer, x);  // [T, H, D]
  x = {};
  if (final && pass.options.rows == Rows::none) return;
  if (final && pass.options.rows == Rows::last) {  // earlier rows are of no use any more
    q = last_row(q);
    residual = last_row(residual);
  }
  const Tensor attended = attend(pass, q);  // [T, H·D]
  pass.at("attention output");
  const Tensor projected = layer.output(attended, pass.op);  // [T, C]
  pass.at("feed-forward norm");
  std::tie(x, residual) = rms_norm_residual(projected, residual, layer.feed_forward_norm, c.rms_norm_eps, pass.op);
  pass.at("feed-forward");
  const Tensor fed = layer.feed_forward(x, pass.op);  // [T, C]
  ++pass.layer;
  if (final) pass.layer = -1;
  pass.at(final ? "final norm" : "attention norm");
  const Tensor& norm =
      final ? pass.model.weights.norm : pass.model.weights.layers[static_cast<std::size_t>(pass.layer)].attention_norm;
  std::tie(x, residual) = rms_norm_residual(fed, residual, norm, c.rms_norm_eps, pass.op);
}

}  // namespace

Tensor llama_hidden(const LlamaModel& model, const Tensor& ids, std::int64_t first, nn::KvCache& cache,
                    const ForwardOptions& options) {
  const std::int64_t tokens = ids.shape()[0], pairs = model.config.rotary_dim / 2;
  Pass pass{model,
            options,
            cache,
            ids.is_shape_only() ? nn::rotary_tables_shape_only(pairs, tokens)
                                : nn::rotary_tables(model.frequencies, first, tokens),
            nn::op_options(model.precision, model.policy),
            first};
  pass.at("embedding");
  OpOptions embedding_options = pass.op;
  embedding_options.out = model.precision.activations;
  Tensor residual = embedding(model.weights.embedding, ids, embedding_options);  // [T, C]
  pass.layer = 0;
  pass.at("attention norm");
  Tensor x = rms_norm(residual, model.weights.layers[0].attention_norm, model.config.rms_norm_eps, pass.op);
  for (std::int64_t layer = 0; layer < model.config.layers; ++layer) {
    if (options.cancel != nullptr && options.cancel->load(std::memory_order_relaxed))
      throw Cancelled("forward: cancelled by the caller before layer " + std::to_string(layer));
    run_layer(pass, x, residual);
  }
  return x;
}

Tensor llama_logits(const LlamaModel& model, const Tensor& hidden, ForwardObserver* observer) {
  if (observer != nullptr) observer->at(-1, "output");
  OpOptions options = nn::op_options(model.precision, model.policy);
  options.out = DType::f32;
  return matmul(hidden, model.weights.output, {}, options);
}

}  // namespace candor::models
