// GGUF: one file, or the first of a split set, which brings in the others.
#include <filesystem>

#include "candor/error.h"
#include "io/checkpoint_impl.h"
#include "io/gguf_header.h"

namespace candor {
namespace {

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

void Checkpoint::Impl::add_gguf_part(std::uint64_t part, std::uint64_t count) {
  const std::string& file = files[part];
  std::error_code error;
  if (!std::filesystem::exists(file, error))
    throw IoError("open: " + file + ": part " + std::to_string(part + 1) + " of " + files.front() +
                  " is missing; download it too");
  const std::shared_ptr<Storage>& storage = storages.emplace_back(Storage::map_file(file));
  io::GgufHeader next = io::parse_gguf(storage->data(), storage->bytes(), file);
  check_part(next.metadata, file, part, count);
  add(std::move(next.tensors), gguf_spellings(next), part);
}

void Checkpoint::Impl::open_gguf(const std::string& path, std::shared_ptr<Storage> first) {
  format = CheckpointFormat::gguf;
  io::GgufHeader header = io::parse_gguf(first->data(), first->bytes(), path);
  const std::uint64_t count = header.metadata.unsigned_integer("split.count").value_or(1);
  files = {path};
  storages = {std::move(first)};
  gguf = std::move(header.metadata);
  add(std::move(header.tensors), gguf_spellings(header), 0);
  if (count > 1) {
    if (const std::uint64_t no = gguf.unsigned_integer("split.no").value_or(0); no != 0) {
      throw FormatError("gguf: " + path + ": this is part " + std::to_string(no + 1) + " of " + std::to_string(count) +
                        "; open the first part, it brings in the others");
    }
    files = io::gguf_split_paths(path, count);
    for (std::uint64_t part = 1; part < count; ++part) add_gguf_part(part, count);
    const std::uint64_t total = gguf.unsigned_integer("split.tensors.count").value_or(tensors.size());
    if (total != tensors.size()) {
      refuse_split(path, "split.tensors.count is " + std::to_string(total) + " but the " + std::to_string(count) +
                             " files hold " + std::to_string(tensors.size()) + " tensors");
    }
  }
  index();
}

}  // namespace candor
