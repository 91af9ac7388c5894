#include "models/llama/config.h"

#include <filesystem>
#include <sstream>

#include "candor/error.h"
#include "io/model_files.h"
#include "models/side_file.h"

namespace candor::models {
namespace {

namespace fs = std::filesystem;

void require(bool holds, const LlamaConfig& config, const std::string& what) {
  if (!holds) throw FormatError(config.file + ": " + what);
}

void check_extent(const LlamaConfig& config, const char* what, std::int64_t value, std::int64_t highest) {
  require(value >= 1 && value <= highest, config,
          std::string(what) + " is " + std::to_string(value) + "; a model has 1 … " + std::to_string(highest));
}

std::string number_text(double value) {
  std::ostringstream text;
  text << value;
  return text.str();
}

void check_range(const LlamaConfig& config, const char* what, double value, double lowest, double highest) {
  require(value >= lowest && value <= highest, config,
          std::string(what) + " is " + number_text(value) + "; it must lie in [" + number_text(lowest) + ", " +
              number_text(highest) + "]");
}

}  // namespace

LlamaConfig llama_config(const Checkpoint& checkpoint, const std::string& path) {
  if (checkpoint.format() == CheckpointFormat::gguf) return llama_config_from_gguf(checkpoint);
  const fs::path folder = io::model_folder(path);
  const std::string config_path = (folder / io::kConfigFile).string();
  const std::optional<std::string> config = read_side_file(config_path);
  if (!config)
    throw IoError("load: " + (folder.empty() ? fs::path(".") : folder).string() +
                  " has no config.json; tensors outside GGUF need the one that came with them to be a model");
  return llama_config_from_hugging_face(*config, read_side_file((folder / io::kGenerationConfigFile).string()),
                                        config_path);
}

void check_config(const LlamaConfig& c) {
  check_extent(c, "the number of layers", c.layers, 1 << 12);
  check_extent(c, "the number of channels", c.channels, 1 << 24);
  check_extent(c, "the number of heads", c.heads, 1 << 20);
  check_extent(c, "the number of key/value heads", c.kv_heads, 1 << 20);
  check_extent(c, "the head dimension", c.head_dim, 1 << 20);
  check_extent(c, "the feed-forward width", c.feed_forward, 1 << 26);
  check_extent(c, "the vocabulary", c.vocabulary, 1 << 30);
  check_extent(c, "the context length", c.context_length, std::int64_t{1} << 40);
  require(c.heads % c.kv_heads == 0, c,
          std::to_string(c.heads) + " heads do not share " + std::to_string(c.kv_heads) +
              " key/value heads evenly; the first must be a multiple of the second");
  require(c.head_dim % 2 == 0, c, "the head dimension " + std::to_string(c.head_dim) + " is odd; it must be even");
  require(c.rotary_dim >= 2 && c.rotary_dim % 2 == 0 && c.rotary_dim <= c.head_dim, c,
          "the rotary dimension " + std::to_string(c.rotary_dim) + " must be even and at most the head dimension " +
              std::to_string(c.head_dim));
  require(c.rms_norm_eps >= 0 && c.rms_norm_eps < 1, c,
          "the norm's epsilon is " + number_text(c.rms_norm_eps) + "; it must lie in [0, 1)");
  // Beyond these the angles of long contexts leave f32, and every logit would be NaN.
  check_range(c, "the rotary base", c.rotary_base, 1, 1e30);
  check_range(c, "the factor of the rotary scaling", c.rotary_scaling.factor, 1e-6, 1e6);
  if (c.rotary_scaling.kind != nn::RotaryScaling::Kind::llama3) return;
  check_range(c, "the rotary scaling's low_freq_factor", c.rotary_scaling.low_freq_factor, 1e-6, 1e6);
  check_range(c, "the rotary scaling's high_freq_factor", c.rotary_scaling.high_freq_factor, 1e-6, 1e6);
  check_range(c, "the rotary scaling's original context", c.rotary_scaling.original_context, 1, 1e12);
}

}  // namespace candor::models
