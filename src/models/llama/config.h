// What a Llama-like model is, whichever file said so.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "candor/io.h"
#include "candor/op_kinds.h"
#include "nn/rotary.h"

namespace candor::models {

struct LlamaConfig {
  std::string file;          // that said all this
  std::string architecture;  // "LlamaForCausalLM", "llama"
  std::string name;
  std::int64_t layers = 0, channels = 0, heads = 0, kv_heads = 0, head_dim = 0, feed_forward = 0, vocabulary = 0;
  std::int64_t context_length = 0;
  std::int64_t rotary_dim = 0;  // elements of a head that are rotated; even, at most head_dim
  float rms_norm_eps = 1e-6f;
  float attention_scale = 0;  // 0: 1 / sqrt(head_dim)
  double rotary_base = 10000;
  nn::RotaryScaling rotary_scaling;
  RopeStyle rotary_style = RopeStyle::half_split;
  Activation activation = Activation::silu;
  bool qkv_bias = false, output_bias = false, mlp_bias = false;
  bool tied_embeddings = false;
  std::vector<std::int32_t> end_tokens;
  std::vector<std::string> notes;
};

/// From the texts of config.json and, where there is one, generation_config.json; `file` names the former in errors.
/// errors   FormatError: a field missing, of the wrong type, unknown, or one that changes the maths and is not
/// supported
LlamaConfig llama_config_from_hugging_face(std::string_view config_json,
                                           const std::optional<std::string>& generation_config_json,
                                           const std::string& file);

/// From the metadata and tensor list of a GGUF file.
/// errors   as above
LlamaConfig llama_config_from_gguf(const Checkpoint& checkpoint);

/// Reads the configuration that belongs to an opened checkpoint: GGUF metadata, or the config.json beside the tensors.
/// errors   IoError (no config.json, or one that cannot be read), FormatError
LlamaConfig llama_config(const Checkpoint& checkpoint, const std::string& path);

/// errors   FormatError: extents that contradict each other
void check_config(const LlamaConfig& config);

}  // namespace candor::models
