// ZIP archives of stored entries, written front to back: every entry aligned, one fixed date, ZIP64 only where needed.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace candor::io {

/// One stored entry, as its headers say.
struct ZipOutputEntry {
  std::string name;
  std::uint64_t local = 0;  // byte of its local header
  std::uint64_t bytes = 0;
  std::uint32_t crc = 0;
  bool descriptor = false;  // crc and size follow the data: they were not known when the local header was written
};

// The records, each as it stands in the file.
/// Padded by an extra field, so that the data begin at a multiple of 64.
std::string zip_local_header(const ZipOutputEntry& entry);
std::string zip_descriptor(const ZipOutputEntry& entry);
std::string zip_directory_record(const ZipOutputEntry& entry);
/// The end record, behind its 64-bit form where one of the numbers needs it. `directory`: where that begins.
std::string zip_end(std::uint64_t entries, std::uint64_t directory, std::uint64_t directory_bytes);

class ZipWriter {
 public:
  using Sink = std::function<void(const void* data, std::uint64_t bytes)>;
  explicit ZipWriter(Sink sink) : sink_(std::move(sink)) {}

  /// A whole entry. Names are the caller's to check: UTF-8, at most 65535 bytes, none twice.
  void add(const std::string& name, std::string_view content);

  /// An entry of `bytes` bytes, which follow: by write(), or past this object to the same file and then through seen().
  void begin(const std::string& name, std::uint64_t bytes);
  void write(std::string_view data);
  void seen(const void* data, std::uint64_t bytes);
  void end();

  /// The directory.
  void finish();

 private:
  void put(std::string_view bytes);

  Sink sink_;
  std::uint64_t position_ = 0;
  std::vector<ZipOutputEntry> entries_;
};

}  // namespace candor::io
