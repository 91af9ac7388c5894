#include <cstring>
#include <filesystem>
#include <unordered_map>

#include "candor/error.h"
#include "candor/io.h"
#include "core/storage.h"
#include "io/checkpoint_files.h"
#include "io/gguf_header.h"
#include "io/refuse.h"
#include "io/safetensors_header.h"

namespace candor {

struct Checkpoint::Impl {
  CheckpointFormat format = CheckpointFormat::safetensors;
  std::vector<std::string> files;
  std::string index_file;
  std::vector<std::shared_ptr<Storage>> storages;  // one map per file
  std::vector<TensorEntry> tensors;
  std::vector<std::string> spellings;  // of each tensor's dtype, as its file has it
  std::unordered_map<std::string_view, std::size_t> by_name;
  std::map<std::string, std::string, std::less<>> metadata;
  GgufMetadata gguf;

  void add(std::vector<TensorEntry> entries, std::vector<std::string> names, std::size_t file);
  void index();
};

namespace {

constexpr std::uint64_t kMagicBytes = 4;

bool is_gguf(const Storage& storage) {
  return storage.bytes() >= kMagicBytes && std::memcmp(storage.data(), "GGUF", kMagicBytes) == 0;
}

/// Bytes at which an element of `dtype` can be read in place.
std::uint64_t natural_alignment(DType dtype) {
  const DTypeInfo& info = dtype_info(dtype);
  if (info.kind == DTypeKind::block) return 2;  // scales are 16-bit
  if (dtype == DType::c64) return 4;            // two f32
  return info.block_elements == 1 ? static_cast<std::uint64_t>(info.block_bytes) : 1;
}

std::vector<std::string> gguf_spellings(const io::GgufHeader& header) {
  std::vector<std::string> names;
  names.reserve(header.type_ids.size());
  for (const std::uint32_t id : header.type_ids) names.push_back(io::gguf_type_name(id));
  return names;
}

[[noreturn]] void refuse_split(const std::string& file, const std::string& what) {
  throw FormatError("gguf: " + file + ": " + what + "; the files do not belong together: get all of them again");
}

/// split.no and split.count of part `number` must say what the file names say.
void check_part(const GgufMetadata& metadata, const std::string& file, std::uint64_t number, std::uint64_t count) {
  const std::uint64_t no = metadata.unsigned_integer("split.no").value_or(0);
  const std::uint64_t parts = metadata.unsigned_integer("split.count").value_or(0);
  if (no != number || parts != count) {
    refuse_split(file, "split.no is " + std::to_string(no) + " and split.count " + std::to_string(parts) +
                           ", expected " + std::to_string(number) + " and " + std::to_string(count));
  }
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

namespace {

template <class Impl>
void open_safetensors(Impl& impl, const io::SafetensorsFiles& found) {
  impl.format = CheckpointFormat::safetensors;
  impl.files = found.paths;
  impl.index_file = found.index;
  for (std::size_t i = 0; i < impl.files.size(); ++i) {
    const std::shared_ptr<Storage>& file = impl.storages.emplace_back(Storage::map_file(impl.files[i]));
    io::SafetensorsHeader header = io::parse_safetensors(file->data(), file->bytes(), impl.files[i]);
    impl.add(std::move(header.tensors), std::move(header.dtype_spellings), i);
    for (auto& [key, value] : header.metadata) impl.metadata.emplace(key, std::move(value));
  }
  impl.index();
}

/// The index and the shards must list the same tensors in the same files.
template <class Impl>
void check_index(const Impl& impl, const io::SafetensorsFiles& found) {
  if (found.index.empty()) return;
  const auto refuse_tensor = [&](std::string_view name, const std::string& what) {
    throw FormatError("safetensors index: " + found.index + ": tensor " + io::quote(name) + " " + what +
                      "; the index belongs to other files: get both again");
  };
  for (const auto& [name, file] : found.weight_map)
    if (!impl.by_name.contains(name)) refuse_tensor(name, "should be in " + file + " but no shard has it");
  for (const TensorEntry& entry : impl.tensors) {
    const std::string shard = std::filesystem::path(impl.files[entry.file]).filename().string();
    const auto it = found.weight_map.find(entry.name);
    if (it == found.weight_map.end()) refuse_tensor(entry.name, "is in " + shard + " but not in weight_map");
    if (it->second != shard) refuse_tensor(entry.name, "should be in " + it->second + " but is in " + shard);
  }
}

template <class Impl>
void open_gguf(Impl& impl, const std::string& path, std::shared_ptr<Storage> first) {
  impl.format = CheckpointFormat::gguf;
  io::GgufHeader header = io::parse_gguf(first->data(), first->bytes(), path);
  const std::uint64_t count = header.metadata.unsigned_integer("split.count").value_or(1);
  impl.files = {path};
  impl.storages = {std::move(first)};
  impl.gguf = std::move(header.metadata);
  impl.add(std::move(header.tensors), gguf_spellings(header), 0);
  if (count > 1) {
    if (const std::uint64_t no = impl.gguf.unsigned_integer("split.no").value_or(0); no != 0) {
      throw FormatError("gguf: " + path + ": this is part " + std::to_string(no + 1) + " of " + std::to_string(count) +
                        "; open the first part, it brings in the others");
    }
    impl.files = io::gguf_split_paths(path, count);
    for (std::uint64_t part = 1; part < count; ++part) {
      const std::string& file = impl.files[part];
      std::error_code error;
      if (!std::filesystem::exists(file, error))
        throw IoError("open: " + file + ": part " + std::to_string(part + 1) + " of " + path +
                      " is missing; download it too");
      const std::shared_ptr<Storage>& storage = impl.storages.emplace_back(Storage::map_file(file));
      io::GgufHeader next = io::parse_gguf(storage->data(), storage->bytes(), file);
      check_part(next.metadata, file, part, count);
      impl.add(std::move(next.tensors), gguf_spellings(next), part);
    }
    const std::uint64_t total = impl.gguf.unsigned_integer("split.tensors.count").value_or(impl.tensors.size());
    if (total != impl.tensors.size()) {
      refuse_split(path, "split.tensors.count is " + std::to_string(total) + " but the " + std::to_string(count) +
                             " files hold " + std::to_string(impl.tensors.size()) + " tensors");
    }
  }
  impl.index();
}

}  // namespace

Checkpoint::Checkpoint(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

Checkpoint Checkpoint::open(const std::string& path) {
  auto impl = std::make_shared<Impl>();
  std::error_code error;
  const bool folder_or_index = std::filesystem::is_directory(path, error) || path.ends_with(".safetensors.index.json");
  if (!folder_or_index) {
    std::shared_ptr<Storage> file = Storage::map_file(path);
    if (is_gguf(*file)) {
      open_gguf(*impl, path, std::move(file));
      return Checkpoint(impl);
    }
    if (path.ends_with(".gguf")) io::parse_gguf(file->data(), file->bytes(), path);  // throws: no magic
  }
  const io::SafetensorsFiles found = io::find_safetensors(path);
  open_safetensors(*impl, found);
  check_index(*impl, found);
  return Checkpoint(impl);
}

CheckpointFormat Checkpoint::format() const { return impl_->format; }
const std::vector<std::string>& Checkpoint::files() const { return impl_->files; }
const std::string& Checkpoint::index() const { return impl_->index_file; }
const std::vector<TensorEntry>& Checkpoint::tensors() const { return impl_->tensors; }
const std::map<std::string, std::string, std::less<>>& Checkpoint::safetensors_metadata() const {
  return impl_->metadata;
}
const GgufMetadata& Checkpoint::gguf() const { return impl_->gguf; }

const TensorEntry* Checkpoint::find(std::string_view name) const {
  const auto it = impl_->by_name.find(name);
  return it == impl_->by_name.end() ? nullptr : &impl_->tensors[it->second];
}

std::string Checkpoint::type_name(const TensorEntry& entry) const {
  const auto it = impl_->by_name.find(entry.name);
  return it == impl_->by_name.end() ? std::string(dtype_name(entry.dtype)) : impl_->spellings[it->second];
}

Tensor Checkpoint::tensor(std::string_view name) const {
  const TensorEntry* entry = find(name);
  if (entry == nullptr)
    throw FormatError("tensor: " + impl_->files.front() + ": there is no tensor " + io::quote(name) + " among the " +
                      std::to_string(impl_->tensors.size()) + " of the checkpoint");
  const std::string& file = impl_->files[entry->file];
  if (entry->dtype == DType::any)
    throw FormatError("tensor: " + file + ": byte " + std::to_string(entry->offset) + ": tensor " + io::quote(name) +
                      " is of type " + type_name(*entry) +
                      ", which this version cannot read; convert the file to another type");
  if (entry->shape.size() > static_cast<std::size_t>(kMaxRank))
    throw FormatError("tensor: " + file + ": byte " + std::to_string(entry->offset) + ": tensor " + io::quote(name) +
                      " of shape " + io::shape_text(entry->shape) + " has more than " + std::to_string(kMaxRank) +
                      " dimensions");
  const Shape shape{std::span<const std::int64_t>(entry->shape)};
  const std::shared_ptr<Storage>& storage = impl_->storages[entry->file];
  if (entry->offset % natural_alignment(entry->dtype) == 0 || entry->nbytes == 0)
    return Tensor::from_storage(storage, entry->offset, shape, entry->dtype);
  // Legal in safetensors, whose offsets have no alignment. Kernels would read it in place; data_as<T>() could not.
  Tensor copy = Tensor::empty(shape, entry->dtype);
  std::memcpy(copy.data(), storage->data() + entry->offset, entry->nbytes);
  return copy;
}

const std::byte* Checkpoint::bytes(const TensorEntry& entry) const {
  return impl_->storages.at(entry.file)->data() + entry.offset;
}

void Checkpoint::release(const TensorEntry& entry) const {
  impl_->storages.at(entry.file)->release(entry.offset, entry.nbytes);
}

void Checkpoint::release_all() const {
  for (const std::shared_ptr<Storage>& storage : impl_->storages) storage->release(0, storage->bytes());
}

}  // namespace candor
