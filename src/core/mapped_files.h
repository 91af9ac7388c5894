// Which file lies where in memory: a table that a signal handler may read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace candor {

/// Lists a mapped file for as long as it lives: `bytes` from `begin` on are the file `path`. A file that finds no place
/// in the table, or whose path is longer than the system allows, stays unlisted: the table only makes errors better.
class MappedFileEntry {
 public:
  MappedFileEntry() = default;
  MappedFileEntry(const std::string& path, const std::byte* begin, std::uint64_t bytes) noexcept;
  ~MappedFileEntry() { remove(); }
  MappedFileEntry(MappedFileEntry&& other) noexcept { *this = std::move(other); }
  MappedFileEntry& operator=(MappedFileEntry&& other) noexcept;

  /// Call it before the pages are unmapped: afterwards their addresses may be another file's.
  void remove() noexcept;

 private:
  int slot_ = -1;
};

}  // namespace candor
