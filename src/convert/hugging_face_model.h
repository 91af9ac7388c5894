// Hugging Face models as GGUF has them: names, row order, metadata. The way back from gguf_model.h.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "convert/plan.h"

namespace candor::convert_internal {

/// The model that config.json beside the tensors describes; nothing when there is none, or none of a known model_type.
/// errors   FormatError (see plan_gguf_model)
std::optional<Plan> plan_hugging_face_model(const Checkpoint& checkpoint, const std::string& input);

/// "llama, mistral, …"
std::string known_model_types();

/// Fields of config.json, with errors that name the file and the field.
class ConfigFields {
 public:
  ConfigFields(const nlohmann::ordered_json& json, std::string file) : json_(json), file_(std::move(file)) {}

  /// nullptr when absent or null
  const nlohmann::ordered_json* find(const char* field) const;
  bool present(const char* field) const { return json_.contains(field); }  // null too
  std::optional<double> number(const char* field) const;
  /// errors   FormatError when absent, or outside [1, 2^31)
  std::uint64_t extent(const char* field) const;
  std::optional<std::string> text(const char* field) const;
  [[noreturn]] void refuse(const char* field, const std::string& what) const;

 private:
  const nlohmann::ordered_json& json_;
  std::string file_;
};

/// Attention heads as the configuration states them.
struct ConfigHeads {
  std::uint64_t queries = 0, keys = 0, size = 0;
};
ConfigHeads config_heads(const ConfigFields& config);

/// "ARCHITECTURE.…" keys; a table of frequency divisors becomes a tensor. errors: FormatError
void add_model_metadata(const ConfigFields& config, const std::string& architecture, Plan& plan);

/// "tokenizer.…" keys from tokenizer.json and tokenizer_config.json in `folder`; a note when there are none that are
/// known. errors: FormatError (a file that contradicts itself)
void add_tokenizer_metadata(const ConfigFields& config, const std::string& folder, Plan& plan);

}  // namespace candor::convert_internal
