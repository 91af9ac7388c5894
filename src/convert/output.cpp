#include "convert/output.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "candor/error.h"
#include "convert/output_folder.h"
#include "convert/tensor_stream.h"
#include "io/atomic_file.h"
#include "io/checked.h"
#include "io/model_files.h"
#include "io/refuse.h"

namespace candor::convert_internal {
namespace {

namespace fs = std::filesystem;

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

/// An error's text with the output that the user named instead of the temporary one.
std::string with_final_path(std::string text, const std::string& temporary, const std::string& output) {
  for (std::size_t at = text.find(temporary); at != std::string::npos; at = text.find(temporary, at + output.size()))
    text.replace(at, temporary.size(), output);
  return text;
}

void write_text(const std::string& path, std::string_view content) { io::write_file_atomically(path, content, true); }

std::vector<std::string> write_folder(const Plan& plan, const Destination& destination, const std::string& output,
                                      const TensorSource& source, const std::atomic<bool>* cancel) {
  const std::vector<std::vector<const TensorPlan*>> shards = shards_of(plan, destination.shard_bytes);
  const std::string index = index_text(shards);  // also refuses names that appear in two shards
  TemporaryModelFolder folder(output);
  try {
    for (std::size_t i = 0; i < shards.size(); ++i)
      write_file(folder.add(shard_name(i, shards.size())), shards[i], plan, destination, true, source, cancel);
    if (shards.size() > 1) write_text(folder.add(std::string(io::kIndexFile)), index);
    for (const SideFile& file : plan.files) write_text(folder.add(file.name), file.content);
    io::sync_folder(folder.path());
    if (destination.verify) destination.verify(folder.path());
  } catch (const PlacedError&) {  // in its place inside a folder that is not
    io::refuse_system(kOp, output, "cannot flush the folder of the finished files", 0,
                      "the disk may be failing; nothing was replaced");
  } catch (const IoError& failure) {
    throw IoError(with_final_path(failure.what(), folder.path(), output));
  }
  throw_if_cancelled(cancel);
  return folder.move_into_place(destination.overwrite, destination.read);
}

bool is_mount_point(const std::string& path) {
  const std::optional<struct stat> self = look_at(path), above = look_at(path + "/..");
  return self && above && S_ISDIR(self->st_mode) && self->st_dev != above->st_dev;
}

}  // namespace

void check_output(const std::string& output, bool overwrite, const std::vector<InputFile>& read) {
  if (output.empty())
    io::refuse_system(kOp, "''", "no output was named", 0, "name a folder or a file (" + single_file_suffixes() + ")");
  const std::string path = without_slash(output);
  const std::string name = fs::path(path).filename().string();
  if (name.empty() || name == "." || name == "..")
    io::refuse_system(kOp, output, "is not a name that the finished folder could get", 0,
                      "give the folder's own name, such as ../NAME");
  std::error_code error;
  const fs::path parent = fs::path(path).parent_path();
  if (!parent.empty() && fs::exists(parent, error) && !fs::is_directory(parent, error))
    io::refuse_system(kOp, path, parent.string() + " is no folder", 0, "name a folder that is there");
  if (!parent.empty() && !fs::is_directory(parent, error))
    io::refuse_system(kOp, path, "the folder " + parent.string() + " does not exist", 0, "create it first");
  const fs::file_status status = fs::symlink_status(path, error);
  if (error == std::errc::filename_too_long)
    io::refuse_system(kOp, path, "cannot have this name", error.value(), "choose a shorter one");
  if (!fs::exists(status)) return;
  if (is_mount_point(path))
    io::refuse_system(kOp, path, "is where a file system is mounted, and cannot get another content as a whole", 0,
                      "name a folder inside it");
  if (!is_single_file(output)) {
    replaceable_files(path, overwrite, read);
    return;
  }
  if (fs::is_directory(path, error)) io::refuse_system(kOp, path, "is a folder", 0, "name a file");
  if (!overwrite) io::refuse_existing(kOp, path);
}

std::vector<std::string> write_output(const Plan& plan, const Destination& destination, const TensorSource& source,
                                      const std::atomic<bool>* cancel) {
  check_output(destination.output, destination.overwrite, destination.read);
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
