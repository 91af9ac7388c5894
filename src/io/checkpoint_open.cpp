// Which format a path holds, and the formats that come in shards with an index.
#include <cstring>
#include <filesystem>

#include "candor/error.h"
#include "io/checkpoint_impl.h"
#include "io/gguf_header.h"
#include "io/npy_header.h"
#include "io/pytorch_file.h"
#include "io/refuse.h"
#include "io/safetensors_header.h"

namespace candor {
namespace {

bool is_gguf(const Storage& storage) {
  constexpr std::uint64_t kMagicBytes = 4;
  return storage.bytes() >= kMagicBytes && std::memcmp(storage.data(), "GGUF", kMagicBytes) == 0;
}

/// A name of one of the other formats on a file that does not begin like one: said before it is taken for safetensors.
void refuse_empty_promise(const std::string& path, const Storage& file) {
  if (path.ends_with(".gguf")) io::parse_gguf(file.data(), file.bytes(), path);  // throws: no magic
  for (const std::string_view end : {".pt", ".pth", ".bin", ".ckpt"})
    if (path.ends_with(end))
      io::refuse("pytorch", path, 0, "the file is neither an archive of torch.save nor one of its older form",
                 "it is damaged or of another format: give it the name that belongs to it");
  for (const std::string_view end : {".npy", ".npz"})
    if (path.ends_with(end))
      io::refuse("npy", path, 0, "the file is no array or archive of NumPy", "it is damaged or of another format");
}

}  // namespace

void Checkpoint::Impl::add(std::vector<TensorEntry> entries, std::vector<std::string> names, std::size_t file) {
  for (TensorEntry& entry : entries) {
    entry.file = file;
    tensors.push_back(std::move(entry));
  }
  for (std::string& name : names) spellings.push_back(std::move(name));
}

void Checkpoint::Impl::index() {
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto [it, added] = by_name.emplace(tensors[i].name, i);
    if (!added) {
      throw FormatError("open: tensor " + io::quote(tensors[i].name) + " is in " + files[tensors[it->second].file] +
                        " and again in " + files[tensors[i].file] + "; the files do not belong together");
    }
  }
}

void Checkpoint::Impl::check_index(const io::CheckpointFiles& found) const {
  if (found.index.empty()) return;
  const auto refuse_tensor = [&](std::string_view name, const std::string& what) {
    throw FormatError(std::string(found.kind()) + " index: " + found.index + ": tensor " + io::quote(name) + " " +
                      what + "; the index belongs to other files: get both again");
  };
  for (const auto& [name, file] : found.weight_map)
    if (!by_name.contains(name)) refuse_tensor(name, "should be in " + file + " but no shard has it");
  for (const TensorEntry& entry : tensors) {
    const std::string shard = std::filesystem::path(files[entry.file]).filename().string();
    const auto it = found.weight_map.find(entry.name);
    if (it == found.weight_map.end()) refuse_tensor(entry.name, "is in " + shard + " but not in weight_map");
    if (it->second != shard) refuse_tensor(entry.name, "should be in " + it->second + " but is in " + shard);
  }
}

void Checkpoint::Impl::open_safetensors(const io::CheckpointFiles& found) {
  format = CheckpointFormat::safetensors;
  files = found.paths;
  index_file = found.index;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::shared_ptr<Storage>& file = storages.emplace_back(Storage::map_file(files[i]));
    io::SafetensorsHeader header = io::parse_safetensors(file->data(), file->bytes(), files[i]);
    add(std::move(header.tensors), std::move(header.dtype_spellings), i);
    for (auto& [key, value] : header.metadata) metadata.emplace(key, std::move(value));
  }
  index();
  check_index(found);
}

void Checkpoint::Impl::open_pytorch(const io::CheckpointFiles& found) {
  format = CheckpointFormat::pytorch;
  files = found.paths;
  index_file = found.index;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::shared_ptr<Storage>& file = storages.emplace_back(Storage::map_file(files[i]));
    const std::byte* data = file->data();
    io::PytorchTensors read;
    if (io::is_zip(data, file->bytes()))
      read = io::parse_pytorch_zip(data, file->bytes(), io::parse_zip(data, file->bytes(), files[i]), files[i]);
    else
      read = io::parse_pytorch_legacy(data, file->bytes(), files[i]);
    add(std::move(read.tensors), std::move(read.spellings), i);
    metadata.insert(read.metadata.begin(), read.metadata.end());
    for (const auto& [symbol, count] : read.unknown_symbols) unknown_symbols[symbol] += count;
  }
  index();
  check_index(found);
}

Checkpoint Checkpoint::open(const std::string& path) { return open(path, OpenOptions{}); }

Checkpoint Checkpoint::open(const std::string& path, const OpenOptions& options) {
  auto impl = std::make_shared<Impl>();
  const io::CheckpointFiles found = io::find_checkpoint(path);
  if (found.paths.size() > 1 || !found.index.empty() || found.paths.front() != path) {
    found.pytorch ? impl->open_pytorch(found) : impl->open_safetensors(found);
    return Checkpoint(impl);
  }
  std::shared_ptr<Storage> file = Storage::map_file(path);
  const std::byte* data = file->data();
  const std::uint64_t bytes = file->bytes();
  if (is_gguf(*file)) {
    impl->open_gguf(path, std::move(file));
  } else if (io::is_zip(data, bytes)) {
    const io::ZipDirectory zip = io::parse_zip(data, bytes, path);
    io::find_pytorch_pickle(zip) != nullptr ? impl->open_pytorch(found)
                                            : impl->open_npz(path, std::move(file), options);
  } else if (io::is_legacy_pytorch(data, bytes)) {
    impl->open_pytorch(found);
  } else if (io::is_npy(data, bytes)) {
    impl->open_npy(path, std::move(file), options);
  } else {
    refuse_empty_promise(path, *file);
    impl->open_safetensors(found);
  }
  return Checkpoint(impl);
}

}  // namespace candor
