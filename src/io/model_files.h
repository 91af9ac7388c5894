// The names of the files that make tensors a model: the one list for those who read, copy or protect them.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace candor::io {

inline constexpr std::string_view kIndexFile = "model.safetensors.index.json";
inline constexpr std::string_view kPytorchFile = "pytorch_model.bin";
inline constexpr std::string_view kPytorchIndexFile = "pytorch_model.bin.index.json";
inline constexpr std::string_view kConfigFile = "config.json";
inline constexpr std::string_view kGenerationConfigFile = "generation_config.json";
inline constexpr std::string_view kTokenizerFile = "tokenizer.json";
inline constexpr std::string_view kTokenizerConfigFile = "tokenizer_config.json";
inline constexpr std::string_view kChatTemplateFile = "chat_template.jinja";

/// What describes a model beside its tensors; everything else in a folder is somebody else's.
inline constexpr std::string_view kSideFiles[] = {kConfigFile,
                                                  kGenerationConfigFile,
                                                  kTokenizerFile,
                                                  kTokenizerConfigFile,
                                                  "special_tokens_map.json",
                                                  "added_tokens.json",
                                                  "vocab.json",
                                                  "vocab.txt",
                                                  "merges.txt",
                                                  "tokenizer.model",
                                                  kChatTemplateFile,
                                                  "chat_template.json",
                                                  "preprocessor_config.json",
                                                  "processor_config.json"};

/// Where the side files of a safetensors source lie: the folder itself, or the one that holds the file ("": here).
std::filesystem::path model_folder(const std::string& path);

}  // namespace candor::io
