#include "audit/checkpoint_paths.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "io/model_files.h"

namespace candor::audit_internal {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kExtensions[] = {".safetensors", ".gguf", ".pt", ".pth", ".bin", ".ckpt", ".npy", ".npz"};
/// Opening a folder with one of these opens its model: all shards together, none of them missing.
constexpr std::string_view kModelFiles[] = {"model.safetensors", io::kIndexFile, io::kPytorchFile,
                                            io::kPytorchIndexFile};

/// "NAME-00002-of-00003.gguf": the first part brings it in.
bool is_later_part(const std::string& name) {
  const std::size_t of = name.rfind("-of-");
  if (!name.ends_with(".gguf") || of == std::string::npos || of < 5) return false;
  return std::strtoul(name.substr(of - 5, 5).c_str(), nullptr, 10) > 1;
}

}  // namespace

std::vector<std::string> expand_path(const std::string& path) {
  std::error_code error;
  const fs::path folder(path);
  if (!fs::is_directory(folder, error)) return {path};
  for (const std::string_view name : kModelFiles)
    if (fs::exists(folder / name, error)) return {path};
  std::vector<std::string> files;
  std::size_t indices = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string(), extension = entry.path().extension().string();
    if (name.ends_with(".safetensors.index.json")) ++indices;
    const bool known = std::find(std::begin(kExtensions), std::end(kExtensions), extension) != std::end(kExtensions);
    if (known && entry.is_regular_file(error) && !is_later_part(name)) files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  if (files.empty() || indices == 1) return {path};
  return files;
}

}  // namespace candor::audit_internal
