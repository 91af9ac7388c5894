// The weights of a golden folder as a GGUF file, whose metadata and tensors a test may change before it is written.
#pragma once

#include <map>

#include "tests/io/file_builders.h"
#include "tests/models/golden_model.h"

namespace candor::test {

/// What a GGUF file says a tensor is, and its bytes.
struct TwinTensor {
  std::string name;
  std::vector<std::uint64_t> dims;  // innermost first
  std::uint32_t type = 0;
  std::string data;
};

/// Written as llama.cpp's converter does it: rows of Q and K permuted so that pairs are neighbours, vectors in f32. The
/// architecture has no field for the activation: it is always silu.
class GgufTwin {
 public:
  static constexpr std::uint32_t kF32Type = 0, kBf16Type = 30;

  explicit GgufTwin(const std::string& folder) {
    std::ifstream in(golden_path(folder) + "/config.json");
    config_ = nlohmann::json::parse(in);
    const std::int64_t heads = config_["num_attention_heads"], kv_heads = config_["num_key_value_heads"];
    add_metadata(heads, kv_heads);
    const Checkpoint file = Checkpoint::open(golden_path(folder) + "/model.safetensors");
    for (const TensorEntry& entry : file.tensors()) add_tensor(file, entry, heads, kv_heads);
  }
  GgufTwin(const GgufTwin&) = delete;
  GgufTwin& operator=(const GgufTwin&) = delete;

  void set_u32(const std::string& key, std::uint32_t value) {
    pairs_[key] = testing::gguf_pair(key, testing::kU32, testing::little_endian(value));
  }
  void set_u64(const std::string& key, std::uint64_t value) {
    pairs_[key] = testing::gguf_pair(key, testing::kU64, testing::little_endian(value));
  }
  void set_f32(const std::string& key, float value) {
    pairs_[key] = testing::gguf_pair(key, testing::kF32, testing::little_endian(value));
  }
  void set_string(const std::string& key, const std::string& value) {
    pairs_[key] = testing::gguf_pair(key, testing::kString, testing::gguf_string(value));
  }
  /// An array of f32.
  void set_numbers(const std::string& key, const std::vector<float>& values) {
    std::string bytes;
    for (const float value : values) bytes += testing::little_endian(value);
    pairs_[key] = testing::gguf_pair(key, testing::kArray, testing::gguf_array(testing::kF32, values.size(), bytes));
  }
  void set_strings(const std::string& key, const std::vector<std::string>& values) {
    std::string bytes;
    for (const std::string& value : values) bytes += testing::gguf_string(value);
    pairs_[key] = testing::gguf_pair(key, testing::kArray, testing::gguf_array(testing::kString, values.size(), bytes));
  }
  /// A tokenizer of single letters, as many as the vocabulary has rows, and then what a test breaks in it.
  void add_tokenizer() {
    const std::size_t rows = config_["vocab_size"];
    std::vector<std::string> tokens;
    for (std::size_t i = 0; i < rows; ++i) tokens.push_back(std::to_string(i) + "t");
    set_string("tokenizer.ggml.model", "gpt2");
    set_string("tokenizer.ggml.pre", "gpt2");
    set_strings("tokenizer.ggml.tokens", tokens);
    set_numbers("tokenizer.ggml.token_type", std::vector<float>(rows, 1));
  }

  TwinTensor& tensor(const std::string& name) {
    for (TwinTensor& candidate : tensors_)
      if (candidate.name == name) return candidate;
    ADD_FAILURE() << name;
    return tensors_.front();
  }
  void add_vector(const std::string& name, const std::vector<float>& values) {
    std::string bytes;
    for (const float value : values) bytes += testing::little_endian(value);
    tensors_.push_back({name, {values.size()}, kF32Type, bytes});
  }

  /// Writes the file and returns its path; it is gone with this object.
  std::string write() const {
    testing::GgufBytes file;
    for (const auto& [key, pair] : pairs_) file.pairs.push_back(pair);
    for (const TwinTensor& t : tensors_) {
      file.data.append((file.alignment - file.data.size() % file.alignment) % file.alignment, '\0');
      file.infos.push_back(testing::gguf_info(t.name, t.dims, t.type, file.data.size()));
      file.data += t.data;
    }
    return folder_.put("twin.gguf", file.bytes());
  }

 private:
  void add_metadata(std::int64_t heads, std::int64_t kv_heads) {
    const auto count = [this](const char* key) { return config_[key].get<std::uint32_t>(); };
    head_dim_ = config_.value("head_dim", config_["hidden_size"].get<std::int64_t>() / heads);
    set_string("general.architecture", "llama");
    set_u32("llama.context_length", count("max_position_embeddings"));
    set_u32("llama.embedding_length", count("hidden_size"));
    set_u32("llama.block_count", count("num_hidden_layers"));
    set_u32("llama.feed_forward_length", count("intermediate_size"));
    set_u32("llama.attention.head_count", static_cast<std::uint32_t>(heads));
    set_u32("llama.attention.head_count_kv", static_cast<std::uint32_t>(kv_heads));
    set_f32("llama.attention.layer_norm_rms_epsilon", config_["rms_norm_eps"]);
    const bool newer = config_.contains("rope_parameters");
    set_f32("llama.rope.freq_base", newer ? config_["rope_parameters"]["rope_theta"] : config_["rope_theta"]);
    if (head_dim_ * heads != config_["hidden_size"].get<std::int64_t>()) {
      set_u32("llama.attention.key_length", static_cast<std::uint32_t>(head_dim_));
      set_u32("llama.attention.value_length", static_cast<std::uint32_t>(head_dim_));
    }
  }

  static std::string gguf_name(std::string name) {
    const std::pair<const char*, const char*> parts[] = {{"model.embed_tokens", "token_embd"},
                                                         {"model.norm", "output_norm"},
                                                         {"lm_head", "output"},
                                                         {"model.layers.", "blk."},
                                                         {"input_layernorm", "attn_norm"},
                                                         {"post_attention_layernorm", "ffn_norm"},
                                                         {"self_attn.q_proj", "attn_q"},
                                                         {"self_attn.k_proj", "attn_k"},
                                                         {"self_attn.v_proj", "attn_v"},
                                                         {"self_attn.o_proj", "attn_output"},
                                                         {"mlp.gate_proj", "ffn_gate"},
                                                         {"mlp.up_proj", "ffn_up"},
                                                         {"mlp.down_proj", "ffn_down"}};
    for (const auto& [from, to] : parts)
      if (const std::size_t at = name.find(from); at != std::string::npos) name.replace(at, std::strlen(from), to);
    return name;
  }

  // Rows of each head from halves to neighbouring pairs.
  std::string permuted(const std::string& data, std::int64_t heads) const {
    const std::size_t half = static_cast<std::size_t>(head_dim_ / 2), rows = static_cast<std::size_t>(heads) * 2 * half;
    const std::size_t row_bytes = data.size() / rows;
    std::string out;
    for (std::size_t head = 0; head < rows / (2 * half); ++head)
      for (std::size_t i = 0; i < half; ++i)
        for (std::size_t j = 0; j < 2; ++j) out += data.substr(((head * 2 + j) * half + i) * row_bytes, row_bytes);
    return out;
  }

  void add_tensor(const Checkpoint& file, const TensorEntry& entry, std::int64_t heads, std::int64_t kv_heads) {
    TwinTensor t{gguf_name(entry.name), {}, kBf16Type, {}};
    t.dims.assign(entry.shape.rbegin(), entry.shape.rend());
    if (entry.shape.size() == 1) {
      t.type = kF32Type;
      for (const float value : file.tensor(entry.name).to_f32()) t.data += testing::little_endian(value);
    } else {
      t.data.assign(reinterpret_cast<const char*>(file.bytes(entry)), entry.nbytes);
    }
    if (t.name.find(".attn_q.") != std::string::npos) t.data = permuted(t.data, heads);
    if (t.name.find(".attn_k.") != std::string::npos) t.data = permuted(t.data, kv_heads);
    tensors_.push_back(std::move(t));
  }

  nlohmann::json config_;
  std::int64_t head_dim_ = 0;
  std::map<std::string, std::string> pairs_;
  std::vector<TwinTensor> tensors_;
  testing::TemporaryFolder folder_;
};

}  // namespace candor::test
