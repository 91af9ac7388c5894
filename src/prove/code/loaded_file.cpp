#include "prove/code/loaded_file.h"

#include <link.h>
#include <unistd.h>

#include <fstream>

#include "candor/error.h"

namespace candor::prove {
namespace {

struct Search {
  std::uint64_t code;
  bool found = false;
  std::string name;
  std::uint64_t bias = 0;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> loaded;
};

/// For dl_iterate_phdr: not 0 ends the walk.
int look_at(dl_phdr_info* info, std::size_t, void* data) {
  Search& search = *static_cast<Search*>(data);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> loaded;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& segment = info->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD) continue;
    const std::uint64_t begin = segment.p_vaddr, end = begin + segment.p_memsz;
    if (segment.p_flags & PF_R) loaded.emplace_back(begin, end);
    const std::uint64_t at = search.code - info->dlpi_addr;
    search.found = search.found || (at >= begin && at < end);
  }
  if (!search.found) return 0;
  search.name = info->dlpi_name;
  search.bias = info->dlpi_addr;
  search.loaded = std::move(loaded);
  return 1;
}

/// A symbol's size may hold the red zone that AddressSanitizer puts behind an object: reading it is meant here.
__attribute__((no_sanitize("address"))) std::uint64_t loaded_word(std::uint64_t address) {
  return *reinterpret_cast<const volatile std::uint64_t*>(static_cast<std::uintptr_t>(address));
}

}  // namespace

LoadedFile::LoadedFile(const void* code) {
  Search search{reinterpret_cast<std::uintptr_t>(code), false, "", 0, {}};
  dl_iterate_phdr(look_at, &search);
  if (!search.found) throw IoError("prove: no loaded file holds this code");
  bias_ = search.bias;
  loaded_ = std::move(search.loaded);
  // The program's own name is empty. Under /proc its file can be read even when another has taken its place.
  path_ = search.name.empty() ? "/proc/" + std::to_string(getpid()) + "/exe" : search.name;
  std::ifstream file(path_, std::ios::binary | std::ios::ate);
  const std::streamoff size = file ? static_cast<std::streamoff>(file.tellg()) : -1;
  if (size < 0) throw IoError("prove: " + path_ + ": cannot be opened");
  bytes_.resize(static_cast<std::size_t>(size));
  file.seekg(0);
  if (!file.read(reinterpret_cast<char*>(bytes_.data()), size)) throw IoError("prove: " + path_ + ": cannot be read");
}

std::optional<std::uint64_t> LoadedFile::word_at(std::uint64_t address) const {
  for (const auto& [begin, end] : loaded_) {
    if (address < begin || address >= end || end - address < sizeof(std::uint64_t) ||
        address % sizeof(std::uint64_t) != 0)
      continue;
    return loaded_word(address + bias_);
  }
  return std::nullopt;
}

}  // namespace candor::prove
