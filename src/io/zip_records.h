// The records of a ZIP file one by one; zip_directory.cpp puts them together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "io/byte_cursor.h"

namespace candor::io {

inline constexpr std::string_view kZipFormat = "zip";
inline constexpr std::uint16_t kZipStored = 0, kZipDeflated = 8;
inline constexpr std::uint32_t kZipDescriptor = 0x08074b50;

/// What the end record, or its 64-bit form, says.
struct ZipEnd {
  std::uint64_t position = 0;   // where the directory must end
  std::uint64_t directory = 0;  // where it begins
  std::uint64_t entries = 0;
};

/// One record of the directory.
struct ZipRecord {
  std::string name;
  std::uint16_t flags = 0, method = 0;
  std::uint32_t crc = 0, disk = 0;
  std::uint64_t stored_bytes = 0, bytes = 0;
  std::uint64_t local = 0;     // where its local header should be
  std::uint64_t position = 0;  // of this record

  bool has_descriptor() const { return (flags & 1u << 3) != 0; }
};

/// errors   FormatError (no end record whose comment ends the file, several disks, two records that disagree)
ZipEnd read_zip_end(const std::byte* data, std::uint64_t size, const std::string& file);

/// The record at the cursor, which stops behind it.
ZipRecord read_zip_record(ByteCursor& cursor);

/// Checks the local header against the record. Returns the byte where the data begin; `end` bounds all reads.
std::uint64_t check_local_header(const std::byte* data, std::uint64_t end, const ZipRecord& record,
                                 const std::string& file);

}  // namespace candor::io
