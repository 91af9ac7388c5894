// NumPy: one array, or an archive of arrays that are stored or deflated.
#include <algorithm>
#include <filesystem>

#include "candor/error.h"
#include "io/candor_json.h"
#include "io/checkpoint_impl.h"
#include "io/npy_header.h"
#include "io/refuse.h"
#include "io/zip_directory.h"

namespace candor {
namespace {

constexpr std::string_view kArrayEnd = ".npy";

TensorEntry entry_of(const io::NpyHeader& header, std::string name, std::uint64_t offset) {
  TensorEntry entry;
  entry.name = std::move(name);
  entry.dtype = header.dtype;
  entry.shape = header.shape;
  entry.nbytes = header.nbytes;
  entry.offset = offset;
  entry.strides = header.strides;
  return entry;
}

void apply(const OpenOptions& options, io::NpyHeader& header, const std::string& who) {
  if (options.v2_as_bf16 && header.spelling == "V2") io::read_npy_as(header, DType::bf16, who);
}

/// Inflates the start of an archive's array, which holds its header.
std::vector<std::byte> inflated_start(const std::byte* file, const io::DeflatedBytes& place, const std::string& path) {
  std::vector<std::byte> start(std::min(place.bytes, io::kMostNpyHeader));
  io::InflateStream(file, place, path).read(start.data(), start.size());
  return start;
}

std::string array_name(const io::ZipEntry& entry, const std::string& path) {
  if (!entry.name.ends_with(kArrayEnd))
    io::refuse("npz", path, entry.record, "entry " + io::quote(entry.name) + " is no .npy array",
               "an archive of NumPy holds nothing else, one of torch.save holds NAME/data.pkl");
  return entry.name.substr(0, entry.name.size() - kArrayEnd.size());
}

}  // namespace

void Checkpoint::Impl::open_npy(const std::string& path, std::shared_ptr<Storage> file, const OpenOptions& options) {
  format = CheckpointFormat::npy;
  files = {path};
  io::NpyHeader header = io::parse_npy(file->data(), file->bytes(), file->bytes(), 0, path);
  apply(options, header, path);
  if (const std::optional<DType> dtype = io::npy_sidecar_dtype(path))
    io::read_npy_as(header, *dtype, io::npy_sidecar(path));
  storages = {std::move(file)};
  const std::string name = std::filesystem::path(path).filename().string();
  const bool ends = name.ends_with(kArrayEnd) && name.size() > kArrayEnd.size();
  add({entry_of(header, ends ? name.substr(0, name.size() - kArrayEnd.size()) : name, header.header_bytes)},
      {header.spelling}, 0);
  index();
}

void Checkpoint::Impl::open_npz(const std::string& path, std::shared_ptr<Storage> file, const OpenOptions& options) {
  format = CheckpointFormat::npy;
  files = {path};
  storages = {std::move(file)};
  const std::byte* data = storages.front()->data();
  const io::ZipDirectory zip = io::parse_zip(data, storages.front()->bytes(), path);
  io::CandorJson said;
  if (const io::ZipEntry* entry = zip.find(io::kCandorJson)) said = io::read_candor_json(data, *entry, path);
  metadata.insert(said.metadata.begin(), said.metadata.end());
  for (const io::ZipEntry& array : zip.entries) {
    if (array.name == io::kCandorJson) continue;
    const std::string name = array_name(array, path);
    io::NpyHeader header;
    if (array.deflated) {
      const io::DeflatedBytes place{array.offset, array.stored_bytes, array.bytes, array.crc};
      const std::vector<std::byte> start = inflated_start(data, place, path);
      // Inflated bytes have no place in the file: errors name the compressed ones.
      header = io::parse_npy(start.data(), start.size(), array.bytes, array.offset, path);
      deflated[name] = {place, header.header_bytes};
    } else {
      header = io::parse_npy(data + array.offset, array.bytes, array.bytes, array.offset, path);
    }
    apply(options, header, path);
    if (const auto dtype = said.dtypes.extract(name)) io::read_npy_as(header, dtype.mapped(), path + ": " + name);
    TensorEntry entry = entry_of(header, name, array.offset + (array.deflated ? 0 : header.header_bytes));
    entry.compressed = array.deflated;
    add({std::move(entry)}, {header.spelling}, 0);
  }
  if (!said.dtypes.empty())
    throw FormatError("npz: " + path + ": candor.json says the dtype of " + io::quote(said.dtypes.begin()->first) +
                      ", which the archive has not; write the archive again");
  index();
}

}  // namespace candor
