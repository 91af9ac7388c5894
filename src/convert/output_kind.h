// What an output is, by its name: the one table for those who plan, check and write it.
#pragma once

#include <string>

namespace candor::convert_internal {

enum class OutputKind { folder, safetensors, gguf, npy, npz, pytorch };

/// By the suffix; a name without a known one is a folder.
OutputKind output_kind(const std::string& output);

/// True when `output` names one file.
inline bool is_single_file(const std::string& output) { return output_kind(output) != OutputKind::folder; }

/// ".safetensors, .gguf, …": for error texts.
std::string single_file_suffixes();

}  // namespace candor::convert_internal
