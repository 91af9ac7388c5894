// Deflated bytes of a mapped file, inflated piece by piece: memory does not grow with them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace candor::io {

/// Where deflated bytes lie and what the directory claims of them.
struct DeflatedBytes {
  std::uint64_t offset = 0;        // in the file
  std::uint64_t stored_bytes = 0;  // there
  std::uint64_t bytes = 0;         // inflated
  std::uint32_t crc = 0;           // of the inflated
};

class InflateStream {
 public:
  /// `file`: the mapped file, which must outlive this. errors: OutOfMemory
  InflateStream(const std::byte* file, const DeflatedBytes& place, std::string path);
  ~InflateStream();
  InflateStream(const InflateStream&) = delete;
  InflateStream& operator=(const InflateStream&) = delete;

  /// Fills `out`. errors: FormatError (damaged, shorter than claimed; at the end also: longer, another crc)
  void read(std::byte* out, std::uint64_t bytes);

 private:
  struct Zlib;
  [[noreturn]] void fail(const std::string& what) const;
  void feed();
  std::uint64_t step(std::byte* out, std::uint64_t bytes);
  void finish();

  std::string path_;
  DeflatedBytes place_;
  std::uint64_t given_ = 0, read_ = 0;  // to zlib, by the caller
  std::uint64_t crc_;
  bool ended_ = false;  // zlib has seen the last block
  const std::byte* file_;
  std::unique_ptr<Zlib> zlib_;
};

}  // namespace candor::io
