#include "convert/output.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <sstream>
#include <unordered_map>

#include "candor/error.h"
#include "convert/hugging_face_folder.h"
#include "convert/tensor_stream.h"
#include "io/atomic_file.h"
#include "io/checked.h"
#include "io/model_files.h"
#include "io/refuse.h"
#include "io/temporary_files.h"

namespace candor::convert_internal {
namespace {

namespace fs = std::filesystem;
using io::TemporaryPath;

constexpr std::string_view kOp = "convert";
constexpr std::string_view kOwnKeys = "candor.";  // GGUF's other keys have meanings and types of their own

std::string without_slash(const std::string& output) {
  const fs::path path = fs::path(output).lexically_normal();
  return (path.has_filename() ? path : path.parent_path()).string();
}

std::uint64_t output_bytes(const TensorPlan& tensor) {
  return *dtype_bytes(tensor.to, *io::checked_elements(tensor.source.shape));
}

std::unique_ptr<CheckpointWriter> create_writer(const std::string& path, std::vector<TensorItem> items,
                                                const Plan& plan, const std::map<std::string, std::string>& metadata,
                                                bool overwrite) {
  if (output_kind(path) != OutputKind::gguf) return create_checkpoint(path, std::move(items), metadata, overwrite);
  GgufMetadata all = plan.gguf;
  for (const auto& [key, value] : metadata)
    if (key.starts_with(kOwnKeys)) all.values[key] = {value, GgufValueType::string};
  return std::make_unique<GgufWriter>(path, std::move(items), all, overwrite);
}

/// Writes `tensors` to `path` in the writer's order.
void write_file(const std::string& path, const std::vector<const TensorPlan*>& tensors, const Plan& plan,
                const Destination& destination, bool overwrite, const TensorSource& source,
                const std::atomic<bool>* cancel, const FileCheck& check = nullptr) {
  std::vector<TensorItem> items;
  std::unordered_map<std::string_view, const TensorPlan*> by_name;
  for (const TensorPlan* tensor : tensors) {
    items.push_back({tensor->name, tensor->to, tensor->source.shape});
    by_name.emplace(tensor->name, tensor);
  }
  const auto writer = create_writer(path, std::move(items), plan, destination.metadata, overwrite);
  for (const TensorItem& item : writer->order()) source(*by_name.at(item.name), *writer);
  writer->finish(cancel, check);
}

/// Tensors in source order, cut where the next one would go beyond `shard_bytes`.
std::vector<std::vector<const TensorPlan*>> shards_of(const Plan& plan, std::uint64_t shard_bytes) {
  std::vector<std::vector<const TensorPlan*>> shards(1);
  std::uint64_t filled = 0;
  for (const TensorPlan& tensor : plan.tensors) {
    const std::uint64_t bytes = output_bytes(tensor);
    const std::optional<std::uint64_t> sum = io::checked_add(filled, bytes);
    if (!shards.back().empty() && (!sum || *sum > shard_bytes)) {
      shards.emplace_back();
      filled = 0;
    }
    shards.back().push_back(&tensor);
    filled += bytes;
  }
  return shards;
}

std::string shard_name(std::size_t index, std::size_t count) {
  if (count == 1) return "model.safetensors";
  std::ostringstream name;
  name << "model-" << std::setfill('0') << std::setw(5) << index + 1 << "-of-" << std::setw(5) << count
       << ".safetensors";
  return name.str();
}

std::string index_text(const std::vector<std::vector<const TensorPlan*>>& shards) {
  std::uint64_t total = 0;
  std::map<std::string, std::string> weight_map;
  for (std::size_t i = 0; i < shards.size(); ++i) {
    for (const TensorPlan* tensor : shards[i]) {
      total += output_bytes(*tensor);
      if (!weight_map.emplace(tensor->name, shard_name(i, shards.size())).second)
        throw FormatError("convert: tensor " + io::quote(tensor->name) + " would be written twice; rename one of them");
    }
  }
  const nlohmann::ordered_json json = {{"metadata", {{"total_size", total}}}, {"weight_map", weight_map}};
  return json.dump(2) + "\n";
}

/// A folder beside its final place. Everything inside is known to remove_temporary_files().
class TemporaryModelFolder {
 public:
  explicit TemporaryModelFolder(const std::string& output) : output_(output) {
    const auto create = [](const char* name) { return ::mkdir(name, 0777) == 0 ? 0 : errno; };
    if (const int error = io::create_temporary(output, TemporaryPath::Kind::folder, create, folder_); error != 0)
      io::refuse_system(kOp, output, "cannot create a folder beside it", error,
                        "create the folder above it or choose a writable place");
  }

  const std::string& path() const { return folder_.path(); }

  /// Path of a new file inside; removed with the folder unless it moves into place.
  std::string add(const std::string& name) {
    files_.emplace_back(folder_.path() + "/" + name, TemporaryPath::Kind::file);
    names_.push_back(name);
    return files_.back().path();
  }

  std::vector<std::string> move_into_place(bool replace) {
    io::sync_folder(folder_.path());
    if (replace) {
      exchange();
    } else if (::rename(folder_.path().c_str(), output_.c_str()) != 0) {
      io::refuse_system(kOp, output_, "cannot rename the finished folder", errno, "choose another name");
    }
    for (TemporaryPath& file : files_) file.keep();
    if (!replace) folder_.keep();
    const fs::path parent = fs::path(output_).parent_path();
    io::sync_folder(parent.empty() ? "." : parent.string());
    std::vector<std::string> paths;
    for (const std::string& name : names_) paths.push_back(output_ + "/" + name);
    return paths;
  }

 private:
  /// The new folder and the old one change places; the old one, now temporary, is removed.
  void exchange() {
    if (::renameat2(AT_FDCWD, folder_.path().c_str(), AT_FDCWD, output_.c_str(), RENAME_EXCHANGE) == 0) return;
    const int error = errno;
    if (error != EINVAL && error != ENOSYS)
      io::refuse_system(kOp, output_, "cannot exchange the old folder for the finished one", error,
                        "choose another name");
    // A file system without the exchange: for a moment neither is in place, and a failure puts the old one back.
    const std::string aside = io::temporary_sibling(output_);
    if (::rename(output_.c_str(), aside.c_str()) != 0)
      io::refuse_system(kOp, output_, "cannot move the old folder aside", errno, "choose another name");
    if (::rename(folder_.path().c_str(), output_.c_str()) != 0) {
      const int failed = errno;
      ::rename(aside.c_str(), output_.c_str());
      io::refuse_system(kOp, output_, "cannot rename the finished folder", failed, "choose another name");
    }
    folder_.keep();
    folder_ = TemporaryPath(aside, TemporaryPath::Kind::folder);
  }

  std::string output_;
  TemporaryPath folder_;  // declared before its files: they are removed first
  std::vector<TemporaryPath> files_;
  std::vector<std::string> names_;
};

/// An error's text with the output that the user named instead of the temporary one.
std::string with_final_path(std::string text, const std::string& temporary, const std::string& output) {
  for (std::size_t at = text.find(temporary); at != std::string::npos; at = text.find(temporary, at + output.size()))
    text.replace(at, temporary.size(), output);
  return text;
}

void write_text(const std::string& path, std::string_view content) { io::write_file_atomically(path, content, true); }

std::vector<std::string> write_folder(const Plan& plan, const Destination& destination, const std::string& output,
                                      const TensorSource& source, const std::atomic<bool>* cancel) {
  std::error_code error;
  const bool replace = fs::is_directory(output, error) && !fs::is_empty(output, error);
  const std::vector<std::vector<const TensorPlan*>> shards = shards_of(plan, destination.shard_bytes);
  const std::string index = index_text(shards);  // also refuses names that appear in two shards
  TemporaryModelFolder folder(output);
  try {
    for (std::size_t i = 0; i < shards.size(); ++i)
      write_file(folder.add(shard_name(i, shards.size())), shards[i], plan, destination, true, source, cancel);
    if (shards.size() > 1) write_text(folder.add(std::string(io::kIndexFile)), index);
    for (const SideFile& file : plan.files) write_text(folder.add(file.name), file.content);
    if (destination.verify) destination.verify(folder.path());
  } catch (const IoError& failure) {
    throw IoError(with_final_path(failure.what(), folder.path(), output));
  }
  throw_if_cancelled(cancel);
  return folder.move_into_place(replace);
}

void check_folder(const std::string& output, bool overwrite) {
  std::error_code error;
  if (!fs::is_directory(output, error))
    io::refuse_system(kOp, output, "is not a folder", 0,
                      "choose another name, or for a single file one that ends in one of " + single_file_suffixes());
  if (fs::is_symlink(output, error))
    io::refuse_system(kOp, output, "is a link to a folder", 0, "name the folder itself");
  for (const fs::directory_entry& entry : fs::directory_iterator(output, error)) {
    const std::string name = entry.path().filename().string();
    if (!overwrite)
      io::refuse_system(kOp, output, "exists and is not empty", 0,
                        "choose another name or allow overwriting (--force)");
    if (!entry.is_regular_file(error) || !belongs_to_checkpoint(name))
      io::refuse_system(kOp, output, "holds " + io::quote(name) + ", which convert does not write", 0,
                        "a folder is replaced as a whole: choose another one or move that file away");
  }
  if (error) io::refuse_system(kOp, output, "cannot list the folder", error.value(), "check its permissions");
}

}  // namespace

void check_output(const std::string& output, bool overwrite) {
  if (output.empty())
    io::refuse_system(kOp, "''", "no output was named", 0, "name a folder or a file (" + single_file_suffixes() + ")");
  const std::string path = without_slash(output);
  std::error_code error;
  const fs::path parent = fs::path(path).parent_path();
  if (!parent.empty() && !fs::is_directory(parent, error))
    io::refuse_system(kOp, path, "the folder " + parent.string() + " does not exist", 0, "create it first");
  const fs::file_status status = fs::symlink_status(path, error);
  if (error == std::errc::filename_too_long)
    io::refuse_system(kOp, path, "cannot have this name", error.value(), "choose a shorter one");
  if (!fs::exists(status)) return;
  if (!is_single_file(output)) return check_folder(path, overwrite);
  if (fs::is_directory(path, error)) io::refuse_system(kOp, path, "is a folder", 0, "name a file");
  if (!overwrite) io::refuse_system(kOp, path, "exists", 0, "choose another name or allow overwriting (--force)");
}

std::vector<std::string> write_output(const Plan& plan, const Destination& destination, const TensorSource& source,
                                      const std::atomic<bool>* cancel) {
  check_output(destination.output, destination.overwrite);
  const std::string path = without_slash(destination.output);
  if (!is_single_file(destination.output)) return write_folder(plan, destination, path, source, cancel);
  std::vector<const TensorPlan*> tensors;
  for (const TensorPlan& tensor : plan.tensors) tensors.push_back(&tensor);
  const auto check = [&](const std::string& temporary) {
    try {
      if (destination.verify) destination.verify(temporary);
    } catch (const IoError& failure) {
      throw IoError(with_final_path(failure.what(), temporary, path));
    }
  };
  write_file(path, tensors, plan, destination, destination.overwrite, source, cancel, check);
  return {path};
}

}  // namespace candor::convert_internal
