#include "io/model_files.h"

#include <algorithm>
#include <system_error>

#include "candor/io.h"
#include "io/npy_header.h"

namespace candor {

namespace fs = std::filesystem;

fs::path io::model_folder(const std::string& path) {
  std::error_code error;
  return fs::is_directory(path, error) ? fs::path(path) : fs::path(path).parent_path();
}

std::vector<std::string> model_files(const Checkpoint& checkpoint, const std::string& path) {
  std::vector<std::string> files = checkpoint.files();
  if (checkpoint.format() == CheckpointFormat::gguf) return files;
  const auto add = [&files](const std::string& file) {
    std::error_code error;
    const bool there = fs::exists(fs::symlink_status(file, error));  // a dangling link is there too
    if (there && std::find(files.begin(), files.end(), file) == files.end()) files.push_back(file);
  };
  if (!checkpoint.index().empty()) add(checkpoint.index());
  const fs::path folder = io::model_folder(path);
  add((folder / io::kIndexFile).string());
  add((folder / io::kPytorchIndexFile).string());
  if (checkpoint.format() == CheckpointFormat::npy) add(io::npy_sidecar(path));
  for (const std::string_view name : io::kSideFiles) add((folder / name).string());
  return files;
}

}  // namespace candor
