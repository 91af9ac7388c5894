// The directory of a ZIP file, read strictly: whatever two readers could understand in two ways is refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace candor::io {

struct ZipEntry {
  std::string name;
  std::uint64_t offset = 0;        // of its data, from the start of the file
  std::uint64_t stored_bytes = 0;  // in the file
  std::uint64_t bytes = 0;         // inflated; equal to stored_bytes unless `deflated`
  std::uint32_t crc = 0;           // of the inflated bytes
  bool deflated = false;
  std::uint64_t record = 0;  // byte of its record in the directory: where errors point
};

struct ZipDirectory {
  std::vector<ZipEntry> entries;  // in the order of their data; folders are left out

  const ZipEntry* find(std::string_view name) const;
};

/// True when the file begins like a ZIP file, with entries or without, and is no safetensors file of that length.
bool is_zip(const std::byte* data, std::uint64_t size);

/// End record, ZIP64 and all records of the directory; local headers must say the same, and the entries must fill the
/// file up to the directory without a hole. Neither encryption, nor several disks, nor methods but "stored" and
/// "deflated". `file` names the source in errors. errors: FormatError
ZipDirectory parse_zip(const std::byte* data, std::uint64_t size, const std::string& file);

}  // namespace candor::io
