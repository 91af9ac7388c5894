// GGUF models as Hugging Face has them: tensor names, row order, config.json and tokenizer files.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "convert/gguf_keys.h"
#include "convert/plan.h"

namespace candor::convert_internal {

/// A family of GGUF files whose Hugging Face form is known.
struct GgufArchitecture {
  std::string_view name;         // general.architecture
  std::string_view model_class;  // config.json: architectures
  std::string_view model_type;
  bool interleaved_heads;  // rows of Q and K were permuted by GGUF's converter
  bool bias_of_output;     // Q, K, V and the output projection have biases together; otherwise Q, K, V alone
};

/// The architecture of a file that holds a whole model; nothing for other files (adapters, projectors, loose tensors).
const GgufArchitecture* find_architecture(const GgufMetadata& metadata);

/// Plans a GGUF file: a known architecture is turned into Hugging Face's form, any other keeps its names.
/// errors   FormatError: a tensor or key of a known architecture that has no place there
Plan plan_gguf(const Checkpoint& checkpoint, bool folder, DType dtype);

/// Hugging Face's name; nothing when the tensor has none ("rope_freqs.weight" is part of the configuration).
std::optional<std::string> hugging_face_name(const std::string& gguf_name);

/// GGUF's name; nothing when the tensor has none.
std::optional<std::string> gguf_name(const std::string& hugging_face_name);

/// config.json and generation_config.json.
std::vector<SideFile> model_configuration(const Checkpoint& checkpoint, const GgufArchitecture& architecture,
                                          DType dtype);

/// tokenizer.json and tokenizer_config.json; none, and a note, when the tokenizer is of another kind.
std::vector<SideFile> tokenizer_files(const GgufMetadata& metadata, const std::string& file,
                                      std::vector<std::string>& notes);

}  // namespace candor::convert_internal
