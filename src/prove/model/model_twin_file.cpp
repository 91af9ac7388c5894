// The planted twin as a folder that any program for such models can read.
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "candor/io.h"
#include "prove/model/model_twin.h"
#include "prove/rounding.h"

namespace candor::prove {
namespace {

struct Planted {
  SafetensorsWriter::Item item;
  const SparseMatrix* matrix = nullptr;         // nullptr: a vector, or zeros
  const std::vector<double>* vector = nullptr;  // nullptr: a matrix
};

std::vector<Planted> layer_tensors(const Twin& twin, int layer, const std::vector<double>& ones) {
  const TwinShape& s = twin.shape;
  const TwinWeights& w = twin.weights;
  const std::string prefix = "model.layers." + std::to_string(layer) + ".";
  const std::int64_t c = s.channels, q = s.heads * s.head_dim, kv = s.kv_heads * s.head_dim, f = s.feed_forward;
  const auto if_first = [&](const SparseMatrix& matrix) { return layer == 0 ? &matrix : nullptr; };
  const auto matrix = [&](const char* name, std::int64_t rows, std::int64_t columns, const SparseMatrix* planted) {
    return Planted{{prefix + name + ".weight", s.matrix, {rows, columns}}, planted, nullptr};
  };
  const auto norm = [&](const char* name, const std::vector<double>& planted) {
    return Planted{{prefix + name + ".weight", s.norm, {c}}, nullptr, layer == 0 ? &planted : &ones};
  };
  return {norm("input_layernorm", w.attention_norm),
          norm("post_attention_layernorm", w.feed_forward_norm),
          matrix("self_attn.q_proj", q, c, nullptr),
          matrix("self_attn.k_proj", kv, c, nullptr),
          matrix("self_attn.v_proj", kv, c, if_first(w.value)),
          matrix("self_attn.o_proj", c, q, if_first(w.output)),
          matrix("mlp.gate_proj", f, c, if_first(w.gate)),
          matrix("mlp.up_proj", f, c, if_first(w.up)),
          matrix("mlp.down_proj", c, f, if_first(w.down))};
}

std::vector<Planted> all_tensors(const Twin& twin, const std::vector<double>& ones) {
  const TwinShape& s = twin.shape;
  const TwinWeights& w = twin.weights;
  std::vector<Planted> all = {
      {{"model.embed_tokens.weight", s.embedding, {twin.vocabulary(), s.channels}}, &w.embedding, nullptr},
      {{"lm_head.weight", s.output, {twin.vocabulary(), s.channels}}, &w.head, nullptr},
      {{"model.norm.weight", s.norm, {s.channels}}, nullptr, &w.final_norm}};
  for (int layer = 0; layer < kTwinLayers; ++layer)
    for (Planted& tensor : layer_tensors(twin, layer, ones)) all.push_back(std::move(tensor));
  return all;
}

void set(std::vector<std::byte>& bytes, DType dtype, std::int64_t index, double value) {
  const std::uint64_t code = encode(dtype, value);
  const int size = element_bytes(dtype);
  for (int i = 0; i < size; ++i)
    bytes[static_cast<std::size_t>(index * size + i)] = static_cast<std::byte>(code >> (8 * i));
}

void write(SafetensorsWriter& writer, const Planted& tensor) {
  const DType dtype = tensor.item.dtype;
  const std::int64_t rows = tensor.item.shape.size() == 2 ? tensor.item.shape[0] : 1;
  std::vector<std::byte> row(static_cast<std::size_t>(tensor.item.shape.back() * element_bytes(dtype)));
  for (std::int64_t i = 0; i < rows; ++i) {
    std::fill(row.begin(), row.end(), std::byte{0});
    if (tensor.matrix != nullptr)
      for (const auto& element : tensor.matrix->rows[static_cast<std::size_t>(i)])
        set(row, dtype, element.column, element.value);
    if (tensor.vector != nullptr)
      for (std::size_t c = 0; c < tensor.vector->size(); ++c)
        set(row, dtype, static_cast<std::int64_t>(c), (*tensor.vector)[c]);
    writer.write(row.data(), row.size());
  }
}

std::string config_text(const Twin& twin) {
  const TwinShape& s = twin.shape;
  return nlohmann::json{{"architectures", {"LlamaForCausalLM"}},
                        {"hidden_size", s.channels},
                        {"num_attention_heads", s.heads},
                        {"num_key_value_heads", s.kv_heads},
                        {"head_dim", s.head_dim},
                        {"intermediate_size", s.feed_forward},
                        {"num_hidden_layers", kTwinLayers},
                        {"vocab_size", twin.vocabulary()},
                        {"max_position_embeddings", 256},
                        {"rms_norm_eps", 1e-30},
                        {"rope_theta", 10000.0},
                        {"hidden_act", "silu"},
                        {"tie_word_embeddings", false}}
      .dump(1);
}

}  // namespace

void write_twin(const Twin& twin, const std::string& folder) {
  FileWriter config(folder + "/config.json", false);
  const std::string text = config_text(twin);
  config.write(text.data(), text.size());
  config.finish();
  const std::vector<double> ones(static_cast<std::size_t>(twin.shape.channels), 1);
  const std::vector<Planted> tensors = all_tensors(twin, ones);
  std::vector<SafetensorsWriter::Item> items;
  for (const Planted& tensor : tensors) items.push_back(tensor.item);
  SafetensorsWriter writer(folder + "/model.safetensors", items, {}, false);
  for (const SafetensorsWriter::Item& item : writer.order())
    for (const Planted& tensor : tensors)
      if (tensor.item.name == item.name) write(writer, tensor);
  writer.finish();
}

}  // namespace candor::prove
