#include "io/checkpoint_files.h"

#include <algorithm>
#include <filesystem>
#include <iomanip>
#include <optional>
#include <sstream>
#include <system_error>

#include "candor/error.h"
#include "io/model_files.h"
#include "io/refuse.h"
#include "io/strict_json.h"

namespace candor::io {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kIndexEnd = ".safetensors.index.json";
constexpr std::string_view kPytorchIndexEnd = ".bin.index.json";
constexpr std::string_view kFileEnd = ".safetensors";

[[noreturn]] void refuse_index(const std::string& index, const std::string& what) {
  const bool pytorch = index.ends_with(kPytorchIndexEnd);
  throw FormatError(std::string(pytorch ? "pytorch" : "safetensors") + " index: " + index + ": " + what +
                    "; the index is damaged or belongs to other files: get it again");
}

/// A shard's name is a plain name beside its index: nothing may lead elsewhere.
void check_shard_name(const std::string& index, const std::string& tensor, const std::string& name) {
  const bool plain = !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos &&
                     name.find('\\') == std::string::npos && name.find('\0') == std::string::npos;
  if (!plain)
    refuse_index(index,
                 "tensor " + quote(tensor) + " is said to be in " + quote(name) + ", which is no plain file name");
}

CheckpointFiles read_index(const std::string& index) {
  const nlohmann::ordered_json document = parse_strict_json(read_text_file(index), index);
  const auto map = document.is_object() ? document.find("weight_map") : document.end();
  if (!document.is_object() || map == document.end() || !map->is_object())
    refuse_index(index, "it has no object 'weight_map'");
  CheckpointFiles files;
  files.pytorch = index.ends_with(kPytorchIndexEnd);
  files.index = index;
  std::vector<std::string> names;
  for (const auto& [tensor, file] : map->items()) {
    if (!file.is_string()) refuse_index(index, "weight_map gives tensor " + quote(tensor) + " no file name");
    check_shard_name(index, tensor, file.get_ref<const std::string&>());
    files.weight_map.emplace(tensor, file.get<std::string>());
    names.push_back(file.get<std::string>());
  }
  if (names.empty()) refuse_index(index, "weight_map names no tensor");
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  for (const std::string& name : names) {
    const fs::path path = fs::path(index).parent_path() / name;
    std::error_code error;
    if (!fs::is_regular_file(path, error)) {
      const bool missing = !fs::exists(path, error);
      throw IoError("open: " + path.string() + ": this shard of " + index +
                    (missing ? " is missing; download it too" : " is no regular file; replace it by the shard"));
    }
    files.paths.push_back(path.string());
  }
  return files;
}

std::vector<std::string> files_ending(const fs::path& folder, std::string_view end) {
  std::vector<std::string> found;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.size() > end.size() && name.ends_with(end)) found.push_back(entry.path().string());
  }
  if (error) throw IoError("open: " + folder.string() + ": cannot list the folder: " + error.message());
  std::sort(found.begin(), found.end());
  return found;
}

/// pytorch_model.bin or its index, else the one file with a name of PyTorch's; nothing when there is none.
std::optional<CheckpointFiles> search_pytorch(const fs::path& folder) {
  std::error_code error;
  if (const fs::path single = folder / kPytorchFile; fs::is_regular_file(single, error))
    return CheckpointFiles{true, {single.string()}, {}, ""};
  const fs::path index = folder / kPytorchIndexFile;
  if (fs::is_regular_file(index, error)) return read_index(index.string());
  std::vector<std::string> files;
  for (const std::string_view end : {".bin", ".pt", ".pth", ".ckpt"})
    for (std::string& file : files_ending(folder, end)) files.push_back(std::move(file));
  if (files.size() == 1) return CheckpointFiles{true, files, {}, ""};
  return std::nullopt;
}

CheckpointFiles search_folder(const fs::path& folder) {
  std::error_code error;
  if (const fs::path single = folder / "model.safetensors"; fs::is_regular_file(single, error))
    return {false, {single.string()}, {}, ""};
  if (const fs::path index = folder / kIndexFile; fs::is_regular_file(index, error)) return read_index(index.string());
  const std::vector<std::string> indices = files_ending(folder, kIndexEnd);
  if (indices.size() == 1) return read_index(indices.front());
  const std::vector<std::string> files = files_ending(folder, kFileEnd);
  if (indices.empty() && files.size() == 1) return {false, files, {}, ""};
  if (indices.empty() && files.empty()) {
    if (std::optional<CheckpointFiles> pytorch = search_pytorch(folder)) return *pytorch;
    throw IoError("open: " + folder.string() +
                  ": the folder holds no .safetensors file and no pytorch_model.bin; name a folder with "
                  "model.safetensors, pytorch_model.bin or the index of one, or name the file that is meant");
  }
  throw IoError("open: " + folder.string() + ": the folder holds " + std::to_string(indices.size()) + " indices and " +
                std::to_string(files.size()) +
                " .safetensors files and none is called model; name the one that is meant");
}

}  // namespace

CheckpointFiles find_checkpoint(const std::string& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return search_folder(path);
  if (path.ends_with(kIndexEnd) || path.ends_with(kPytorchIndexEnd)) return read_index(path);
  return {false, {path}, {}, ""};
}

std::vector<std::string> gguf_split_paths(const std::string& first, std::uint64_t count) {
  constexpr std::uint64_t kMostFiles = 99999;  // five digits
  const auto numbered = [&](std::uint64_t number) {
    std::ostringstream text;
    text << '-' << std::setfill('0') << std::setw(5) << number << "-of-" << std::setw(5) << count << ".gguf";
    return text.str();
  };
  const std::string end = numbered(1);
  if (count > kMostFiles || !first.ends_with(end))
    throw FormatError("gguf: " + first + ": the file is the first of " + std::to_string(count) +
                      " but its name does not end in " + end + "; give the files their original names");
  std::vector<std::string> paths;
  const std::string stem = first.substr(0, first.size() - end.size());
  for (std::uint64_t i = 1; i <= count; ++i) paths.push_back(stem + numbered(i));
  return paths;
}

}  // namespace candor::io
