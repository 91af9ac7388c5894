// Which checkpoints a path stands for.
#pragma once

#include <string>
#include <vector>

namespace candor::audit_internal {

/// A file, an index or a folder that is one model (safetensors with the names that Hugging Face gives them) stands for
/// itself; any other folder for the checkpoint files in it, by name, of a split GGUF set the first. A folder without
/// any is kept: opening it says what is missing.
std::vector<std::string> expand_path(const std::string& path);

}  // namespace candor::audit_internal
