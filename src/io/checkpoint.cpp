#include <cstring>

#include "candor/error.h"
#include "io/checkpoint_impl.h"
#include "io/refuse.h"
#include "io/strides.h"

namespace candor {
namespace {

/// Bytes at which an element of `dtype` can be read in place.
std::uint64_t natural_alignment(DType dtype) {
  const DTypeInfo& info = dtype_info(dtype);
  if (info.kind == DTypeKind::block) return 2;  // scales are 16-bit
  if (dtype == DType::c64) return 4;            // two f32
  return info.block_elements == 1 ? static_cast<std::uint64_t>(info.block_bytes) : 1;
}

/// Bytes of the file that the entry's elements lie among.
std::uint64_t mapped_bytes(const TensorEntry& entry) {
  if (entry.strides.empty() || entry.nbytes == 0) return entry.nbytes;
  const std::uint64_t extent = *io::strided_extent(entry.shape, entry.strides);  // the reader checked them
  return extent * (entry.nbytes / *io::checked_elements(entry.shape));
}

/// The whole tensor through a reader.
Tensor gathered(const Checkpoint& checkpoint, const TensorEntry& entry, const Shape& shape) {
  constexpr std::uint64_t kPieceBytes = 4u << 20;
  Tensor copy = Tensor::empty(shape, entry.dtype);
  if (entry.nbytes == 0) return copy;
  std::byte* place = static_cast<std::byte*>(copy.data());
  TensorReader reader(checkpoint, entry);
  for (auto piece = reader.next(kPieceBytes); !piece.empty(); piece = reader.next(kPieceBytes)) {
    std::memcpy(place, piece.data(), piece.size());
    place += piece.size();
  }
  return copy;
}

}  // namespace

Checkpoint::Checkpoint(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

CheckpointFormat Checkpoint::format() const { return impl_->format; }
const std::vector<std::string>& Checkpoint::files() const { return impl_->files; }
const std::string& Checkpoint::index() const { return impl_->index_file; }
const std::vector<TensorEntry>& Checkpoint::tensors() const { return impl_->tensors; }
const std::map<std::string, std::string, std::less<>>& Checkpoint::safetensors_metadata() const {
  return impl_->metadata;
}
const GgufMetadata& Checkpoint::gguf() const { return impl_->gguf; }
const std::map<std::string, std::uint64_t, std::less<>>& Checkpoint::unknown_symbols() const {
  return impl_->unknown_symbols;
}

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
  if (entry->compressed || !entry->strides.empty()) return gathered(*this, *entry, shape);
  const std::shared_ptr<Storage>& storage = impl_->storages[entry->file];
  if (entry->offset % natural_alignment(entry->dtype) == 0 || entry->nbytes == 0)
    return Tensor::from_storage(storage, entry->offset, shape, entry->dtype);
  // Legal in safetensors, whose offsets have no alignment. Kernels would read it in place; data_as<T>() could not.
  Tensor copy = Tensor::empty(shape, entry->dtype);
  std::memcpy(copy.data(), storage->data() + entry->offset, entry->nbytes);
  return copy;
}

const std::byte* Checkpoint::bytes(const TensorEntry& entry) const {
  if (entry.compressed || !entry.strides.empty())
    throw Error("bytes: " + impl_->files.at(entry.file) + ": the elements of tensor " + io::quote(entry.name) +
                " are " + (entry.compressed ? "compressed" : "strided") +
                ", so its bytes do not lie side by side; read them with TensorReader");
  return impl_->storages.at(entry.file)->data() + entry.offset;
}

void Checkpoint::release(const TensorEntry& entry) const {
  const auto deflated = entry.compressed ? impl_->deflated.find(entry.name) : impl_->deflated.end();
  impl_->storages.at(entry.file)
      ->release(entry.offset,
                deflated != impl_->deflated.end() ? deflated->second.place.stored_bytes : mapped_bytes(entry));
}

void Checkpoint::release_all() const {
  for (const std::shared_ptr<Storage>& storage : impl_->storages) storage->release(0, storage->bytes());
}

void Checkpoint::require_unchanged() const {
  for (const std::shared_ptr<Storage>& storage : impl_->storages) storage->require_unchanged();
}

}  // namespace candor
